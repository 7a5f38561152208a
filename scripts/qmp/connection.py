# SPDX-License-Identifier: Apache-2.0
"""One connection to a QMP server: greeting, negotiation, commands with ids, and events.

Nothing here blocks but the constructor, `wait()`, `answer()` and `execute()`, and those only up to their timeout. A
command goes into a queue of bytes first: what interrupts a caller does not leave half a command on the wire, the next
call sends the rest.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from .address import Address
from .errors import CommandRefused, ConnectionFailed, ProtocolError
from .framing import Message, Splitter

CONNECT_TIMEOUT_SECONDS = 10.0  # to connect and to see the greeting
_CLOSE_TIMEOUT_SECONDS = 1.0  # for the rest of a command that is on its way when we leave
_READ_BYTES = 1 << 18


class Connection:
    """A negotiated session; `on_event` gets each event that comes."""

    def __init__(self, address: Address, on_event: Callable[[Message], None] | None = None,
                 timeout: float = CONNECT_TIMEOUT_SECONDS) -> None:
        self.address = address
        self.on_event = on_event or (lambda _event: None)
        self._splitter = Splitter()
        self._messages: list[Message] = []
        self._output = bytearray()
        self._waiting: set[str] = set()
        self._last_id = 0
        self.oob = False
        deadline = time.monotonic() + timeout
        self._socket = address.connect(timeout)
        try:
            self._socket.setblocking(False)
            self.greeting = self._greeting(deadline, timeout)
            self._negotiate(deadline)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """For select()."""
        return self._socket.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether part of a command has not left yet."""
        return bool(self._output)

    @property
    def server(self) -> str:
        """Who the server says it is."""
        version = self.greeting.get("version")
        if not isinstance(version, dict):
            return "a server without a version"
        triple = version.get("qemu")
        parts = [str(triple.get(part)) for part in ("major", "minor", "micro")] if isinstance(triple, dict) else ["?"]
        numbers = ".".join(parts)
        package = str(version.get("package") or "").strip()
        return f"{package}, QMP of QEMU {numbers}" if package else f"QEMU {numbers}"

    def peer_pid(self) -> int | None:
        """The process that listens, if it is on this machine and visible to us."""
        if self._socket.family != socket.AF_UNIX:
            return None
        size = struct.calcsize("3i")
        pid: int = struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
        return pid if pid > 0 else None

    def send(self, command: str, arguments: Message | None = None, oob: bool = False) -> str:
        """Send a command; the id that its answer will have."""
        self._last_id += 1
        request_id = f"shell-{self._last_id}"
        request: Message = {"exec-oob" if oob else "execute": command}
        if arguments:
            request["arguments"] = arguments
        request["id"] = request_id
        self._waiting.add(request_id)
        self._output += json.dumps(request).encode() + b"\r\n"
        self.flush()
        return request_id

    def flush(self) -> None:
        """Send what the socket takes now."""
        while self._output:
            try:
                sent = self._socket.send(self._output, socket.MSG_NOSIGNAL)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if self._messages or self._readable(): # its last words first
                    self._output.clear()
                    return
                raise self._lost(error) from None
            del self._output[:sent]

    def receive(self) -> list[Message]:
        """The answers that have come; events go to `on_event`. ConnectionFailed at the end, after the last answer."""
        while self._readable():
            try:
                data = self._socket.recv(_READ_BYTES)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                raise self._lost(error) from None
            if not data:
                if self._messages: # the end is still there at the next call
                    break
                cut = " in the middle of a message" if self._splitter.in_message else ""
                raise ConnectionFailed(f"the server closed the connection{cut}")
            for message in self._splitter.feed(data):
                self._accept(message)
            if len(data) < _READ_BYTES:
                break
        answers, self._messages = self._messages, []
        return answers

    def wait(self, deadline: float | None, *others: int) -> bool:
        """Wait until something can be read here or from `others`, sending what is left; False: the time is over."""
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            readable, writable, _ = select.select([self, *others], [self] if self._output else [], [], left)
            if writable:
                self.flush()
            if readable:
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False

    def answer(self, request_id: str, timeout: float | None = None) -> Message:
        """Wait for one answer; those to other commands are dropped."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            for message in self.receive():
                if message["id"] == request_id:
                    return message
            if not self.wait(deadline):
                raise ConnectionFailed(f"no answer within {timeout:g} s")

    def execute(self, command: str, arguments: Message | None = None, *, oob: bool = False,
                timeout: float | None = None) -> Any:
        """Send a command and wait for what it returns; CommandRefused when the server refuses it."""
        return result(self.answer(self.send(command, arguments, oob), timeout))

    def close(self) -> None:
        """Leave; a command that is half on the wire is sent to its end first, if the server takes it."""
        deadline = time.monotonic() + _CLOSE_TIMEOUT_SECONDS
        try:
            while self._output and select.select([], [self], [], max(0.0, deadline - time.monotonic()))[1]:
                self.flush()
        except (ConnectionFailed, OSError):
            pass
        self._socket.close()

    def _readable(self) -> bool:
        return bool(select.select([self._socket], [], [], 0)[0])

    def _lost(self, error: OSError) -> ConnectionFailed:
        return ConnectionFailed(f"the connection is lost: {error.strerror}")

    def _accept(self, message: Message) -> None:
        """Sort a message; what answers nothing that was asked ends the session."""
        if isinstance(message.get("event"), str):
            self.on_event(message)
            return
        if "error" in message:
            error = message["error"]
            if not isinstance(error, dict) or not isinstance(error.get("desc"), str):
                raise ProtocolError(f"the server sent a malformed error: {json.dumps(message)[:200]}")
            if "id" not in message:
                raise ProtocolError(f"the server did not understand us: {error['desc']}")
        elif "return" not in message:
            raise ProtocolError(f"the server sent neither answer nor event: {json.dumps(message)[:200]}")
        request_id = message.get("id")
        if not isinstance(request_id, str) or request_id not in self._waiting:
            raise ProtocolError(f"the server answered what nobody asked: {json.dumps(message)[:200]}")
        self._waiting.remove(request_id)
        self._messages.append(message)

    def _greeting(self, deadline: float, timeout: float) -> Message:
        while True:
            if not self.wait(deadline):
                raise ConnectionFailed(f"{self.address} sends no greeting within {timeout:g} s; "
                                       "is it a QMP server, and is another client connected?")
            try:
                data = self._socket.recv(_READ_BYTES)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                raise self._lost(error) from None
            if not data:
                raise ConnectionFailed("the server closed the connection before its greeting")
            messages = self._splitter.feed(data)
            if messages:
                break
        greeting = messages[0].get("QMP")
        if not isinstance(greeting, dict):
            raise ProtocolError("the server does not begin with a QMP greeting")
        for message in messages[1:]:
            self._accept(message)
        return greeting

    def _negotiate(self, deadline: float) -> None:
        offered = self.greeting.get("capabilities")
        oob = isinstance(offered, list) and "oob" in offered
        try:
            self.execute("qmp_capabilities", {"enable": ["oob"]} if oob else None,
                         timeout=max(1.0, deadline - time.monotonic()))
        except CommandRefused as error:
            raise ProtocolError(f"the server refused the negotiation: {error}") from None
        self.oob = oob


def result(answer: Message) -> Any:
    """What an answer returns; CommandRefused when it is an error."""
    if "error" in answer:
        raise CommandRefused(str(answer["error"].get("class")), answer["error"]["desc"])
    return answer["return"]
