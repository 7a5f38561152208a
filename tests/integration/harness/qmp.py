# SPDX-License-Identifier: Apache-2.0
"""A QMP client written from the protocol's description: it checks the framing and the style of all that it reads.

Every wait ends after `timeout` seconds with a Failure. Messages are kept in the order in which they came
(`journal`), events until somebody asks for them.
"""
import json
import os
import re
import select
import socket
import time
from typing import Any

from .errors import Failure, check

TIMEOUT = 30.0


class QmpError(Exception):
    """The server answered with an error."""

    def __init__(self, error: dict[str, str]):
        super().__init__(f"{error['class']}: {error['desc']}")
        self.kind = error["class"]
        self.desc = error["desc"]


class QmpClient:
    def __init__(self, path: str | os.PathLike[str], negotiate: bool = True, timeout: float = TIMEOUT,
                 connected: socket.socket | None = None, enable: tuple[str, ...] = ()):
        self.timeout = timeout
        self.journal: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self._buffer = b""
        self._next_id = 1
        self._early: dict[str, Any] | None = None
        if connected is None:
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.settimeout(timeout)
            connected.connect(os.fspath(path))
        self.socket = connected
        self.socket.settimeout(timeout)
        self.greeting = self.receive()
        check("QMP" in self.greeting, f"the first message is no greeting: {self.greeting}")
        if negotiate:
            self.execute("qmp_capabilities", {"enable": list(enable)} if enable else None)

    def __enter__(self) -> "QmpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send_raw(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def receive(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        if self._early is not None:
            message, self._early = self._early, None
            return message
        line = self._line()
        if line is None:
            raise Failure("the QMP connection was closed by the server")
        return self._parse(line)

    def has_message(self) -> bool:
        """Whether a message, or the end of the connection, is there already; never waits."""
        return b"\n" in self._buffer or bool(select.select([self.socket], [], [], 0)[0])

    def has_reply(self) -> bool:
        """Whether something else than an event is there already; never waits. Events are kept."""
        while self._early is None and self.has_message():
            message = self.receive()
            if "event" in message:
                self.events.append(message)
            else:
                self._early = message
        return self._early is not None

    def expect_closed(self) -> list[dict[str, Any]]:
        """Read to the end of the connection, which has to come; the messages before it."""
        rest = []
        try:
            while (line := self._line()) is not None:
                rest.append(self._parse(line))
        except ConnectionResetError:
            pass
        return rest

    def send(self, command: str, arguments: dict[str, Any] | None = None, how: str = "execute") -> int:
        """Send a command and do not wait; the id that its reply will carry."""
        request: dict[str, Any] = {how: command, "id": self._next_id}
        if arguments is not None:
            request["arguments"] = arguments
        self._next_id += 1
        self.send_raw(json.dumps(request) + "\r\n")
        return int(request["id"])

    def reply(self, request_id: int) -> Any:
        """Wait for the reply to `request_id`, keeping the events that come before it."""
        while True:
            message = self.receive()
            if "event" in message:
                self.events.append(message)
                continue
            check(message.get("id") == request_id, f"expected the reply to id {request_id}, got {message}")
            if "error" in message:
                check(sorted(message) == ["error", "id"], f"malformed error reply: {message}")
                raise QmpError(message["error"])
            check(sorted(message) == ["id", "return"], f"malformed reply: {message}")
            return message["return"]

    def execute(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        try:
            return self.reply(self.send(command, arguments))
        except QmpError as error:
            error.add_note(f"in answer to {command} {json.dumps(arguments)}")
            raise

    def refused(self, command: str, arguments: dict[str, Any] | None = None, *, text: str | None = None,
                kind: str = "GenericError") -> str:
        """The command has to fail with class `kind` and a text that contains `text`; returns the whole text."""
        try:
            answer = self.execute(command, arguments)
        except QmpError as error:
            check(error.kind == kind, f"{command} {arguments}: class {error.kind}, not {kind} ({error.desc})")
            check(text is None or text in error.desc, f"{command} {arguments}: {error.desc!r} lacks {text!r}")
            return error.desc
        raise Failure(f"{command} {json.dumps(arguments)} was not refused: {answer}")

    def event(self, name: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take the first event `name` (with exactly these data, if given), waiting for it if it has not come."""
        seen = 0
        while True:
            for index in range(seen, len(self.events)):
                event = self.events[index]
                if event["event"] == name and (data is None or event.get("data") == data):
                    return self.events.pop(index)
            seen = len(self.events)
            message = self.receive()
            check("event" in message, f"waiting for event {name} {data}, got {message}")
            self.events.append(message)

    def _line(self) -> bytes | None:
        deadline = time.monotonic() + self.timeout
        while b"\n" not in self._buffer:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(1 << 20)
            except TimeoutError:
                raise Failure(f"no QMP message within {self.timeout} s; so far {self._buffer[:200]!r}") from None
            if not data:
                check(not self._buffer, f"the connection ended in mid-message: {self._buffer[:200]!r}")
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def _parse(self, line: bytes) -> dict[str, Any]:
        message = parse_line(line)
        self.journal.append(message)
        return message


def not_json(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def parse_line(line: bytes) -> dict[str, Any]:
    """One message as a server must print it: an object on a line of its own, ASCII, CR LF, `, ` and `: `."""
    check(line.endswith(b"\r\n"), f"a message does not end with CR LF: {line[-40:]!r}")
    check(line.isascii(), f"a message is not pure ASCII: {line[:200]!r}")
    try:
        message = json.loads(line, parse_constant=not_json)
    except ValueError as error:
        raise Failure(f"not JSON ({error}): {line[:200]!r}") from None
    check(isinstance(message, dict), f"a message is no object: {line[:200]!r}")
    without_strings = re.sub(rb'"(\\.|[^"\\])*"', b'""', line[:-2])
    check(not re.search(rb"[,:](?! )|(?<![,:])\s|\s\s", without_strings), f"not QMP's style of output: {line[:200]!r}")
    if "event" in message:
        stamp = message.get("timestamp")
        check(isinstance(stamp, dict) and sorted(stamp) == ["microseconds", "seconds"]
              and all(isinstance(part, int) for part in stamp.values()), f"bad timestamp: {message}")
        check(set(message) <= {"timestamp", "event", "data", "seq"}, f"malformed event: {message}")
    return message
