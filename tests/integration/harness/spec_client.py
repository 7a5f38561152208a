# SPDX-License-Identifier: Apache-2.0
"""A second QMP client, for the tests that go through the protocol's rules one by one.

It shares nothing with qmp.py, so that a mistake in one does not hide in the other: it sends bytes as they are, knows at
which line of its input it stands, and judges each message it reads by what the protocol says about output.
"""
import json
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .errors import Failure, check

TIMEOUT = 60.0
CLASSES = {"GenericError", "CommandNotFound", "DeviceNotActive", "DeviceNotFound"}
ORDERS = [["return"], ["return", "id"], ["error"], ["id", "error"], ["QMP"], ["timestamp", "event"],
          ["timestamp", "event", "data"], ["timestamp", "event", "seq"], ["timestamp", "event", "data", "seq"]]
TOKEN = re.compile(r'"(?:\\(?:["\\bfnrt]|u[0-9A-F]{4})|[ !#-\[\]-~])*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-][0-9]+)?'
                   r"|true|false|null|[{}\[\]]|, |: ")
NO_ID = object()


@dataclass
class Syntax:
    """The answer to a message that is not JSON; line 0 is the one on which the row begins, columns count from 1."""
    column: int
    fault: str
    line: int = 0

    def at(self, first_line: int) -> dict[str, Any]:
        """The whole answer, for a row that begins on `first_line`."""
        return error(f"{first_line + self.line}:{self.column}: JSON parse error, {self.fault}")


Expected = dict[str, Any] | Syntax
Row = tuple[bytes | str, Expected | list[Expected]] # what is sent, and all that comes back for it


def error(desc: str, kind: str = "GenericError", id: Any = NO_ID) -> dict[str, Any]:
    """An error reply."""
    with_id = {} if id is NO_ID else {"id": id}
    return with_id | {"error": {"class": kind, "desc": desc}}


def not_found(desc: str, id: Any = NO_ID) -> dict[str, Any]:
    """An error reply of the class for unknown commands."""
    return error(desc, "CommandNotFound", id)


def returns(value: Any, id: Any = NO_ID) -> dict[str, Any]:
    """A reply to a command that succeeded."""
    return {"return": value} | ({} if id is NO_ID else {"id": id})


def no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    check(len({name for name, _ in pairs}) == len(pairs), f"a member is there twice: {pairs}")
    return dict(pairs)


def parse_message(line: bytes) -> dict[str, Any]:
    """One message, which must look as a server prints it down to blanks, escapes and the order of its members."""
    check(line.endswith(b"\r\n"), f"a message does not end in CR LF: {line[-40:]!r}")
    text = line[:-2].decode("latin-1")
    check(TOKEN.sub("", text) == "", f"not the way that output looks: {TOKEN.sub('', text)[:80]!r} in {text[:200]!r}")
    message = json.loads(text, object_pairs_hook=no_repetition)
    check(isinstance(message, dict) and list(message) in ORDERS, f"not the members of a message: {text[:200]}")
    if "error" in message:
        fault = message["error"]
        check(list(fault) == ["class", "desc"] and isinstance(fault["desc"], str), f"not an error: {text[:200]}")
        check(fault["class"] in CLASSES, f"an unknown class: {text[:200]}")
    return message


class SpecClient:
    """A connection on which nothing has been said; `first` goes out before anything is read."""

    def __init__(self, path: str | os.PathLike[str], first: bytes = b""):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(os.fspath(path))
        self.line = 1 # on which the next byte goes
        self.last_line = b"" # as it was read
        self._buffer = bytearray()
        self._syncs = 0
        self.send(first)

    def __enter__(self) -> "SpecClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes | str) -> None:
        """Send bytes as they are and go on."""
        raw = data.encode() if isinstance(data, str) else data
        self.line += raw.count(b"\n")
        self.socket.sendall(raw)

    def read(self) -> dict[str, Any]:
        """The next message; the connection must not end before."""
        while (end := self._buffer.find(b"\n")) < 0:
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise Failure(f"no message within {TIMEOUT} s; so far {bytes(self._buffer[:200])!r}") from None
            check(data, f"the server closed the connection; so far {bytes(self._buffer[:200])!r}")
            self._buffer += data
        self.last_line = bytes(self._buffer[:end + 1])
        del self._buffer[:end + 1]
        return parse_message(self.last_line)

    def ask(self, data: bytes | str) -> list[dict[str, Any]]:
        """All that comes back for `data`, events aside; a command behind it shows where that ends."""
        self._syncs += 1
        name = f"sync {self._syncs}"
        self.send(data)
        self.send(f'\n{{"execute": "", "id": "{name}"}}\n')
        messages = []
        while True:
            message = self.read()
            if message.get("id") == name and "error" in message:
                check(message["error"]["class"] == "CommandNotFound", f"the command behind {data!r} changed: {message}")
                return messages
            if "event" not in message:
                messages.append(message)

    def begin(self, capabilities: Iterable[str] = ()) -> "SpecClient":
        """Read the greeting and leave negotiation."""
        greeting = self.read()
        check("QMP" in greeting, f"no greeting: {greeting}")
        enable = json.dumps(list(capabilities))
        answer = self.ask(f'{{"execute": "qmp_capabilities", "arguments": {{"enable": {enable}}}}}')
        check(answer == [returns({})], f"negotiation failed: {answer}")
        return self

    def check_rows(self, rows: Iterable[Row]) -> None:
        """Go through a table; all rows that are wrong are told at once."""
        wrong = []
        for sent, answer in rows:
            first_line = self.line
            expected = [one.at(first_line) if isinstance(one, Syntax) else one
                        for one in (answer if isinstance(answer, list) else [answer])]
            seen = self.ask(sent)
            if seen != expected:
                wrong.append(f"{sent[:200]!r}\n    expected {expected}\n    seen     {str(seen)[:1000]}")
        if wrong:
            raise Failure(f"{len(wrong)} rows are wrong:\n" + "\n".join(wrong))
