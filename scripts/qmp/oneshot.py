# SPDX-License-Identifier: Apache-2.0
"""Commands from the command line or from a pipe, one after the other, and then the events that are waited for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

from .connection import Connection, result
from .errors import EXIT_TIMEOUT
from .framing import Message
from .requests import fetch_schema, help_text, send
from .schema import Schema
from .text import script_json
from .words import parse_line


class OneShot:
    """One connection's worth of commands; `wanted` are the events that matter, from the beginning on."""

    def __init__(self, connection: Connection, wanted: list[str], raw: bool) -> None:
        self._connection = connection
        self._wanted = list(wanted)
        self._raw = raw
        self._events: list[Message] = []
        self._schema: Schema | None = None
        connection.on_event = self._event

    def run(self, lines: Iterable[str]) -> None:
        """Run commands up to the first that fails: CommandRefused, LineError or ConnectionFailed."""
        for text in lines:
            words = text.split()
            if words[:1] == ["exit"]:
                return
            if words[:1] == ["help"]:
                print(help_text(self._described(), words[1:]), flush=True)
                continue
            line = parse_line(text)
            if line is not None:
                schema = self._described() if line.arguments and not isinstance(line.arguments, dict) else Schema([])
                self._print(result(self._connection.answer(send(self._connection, schema, line))))

    def wait_for_events(self, timeout: float | None) -> int:
        """Print the wanted events as they come; the exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            for event in self._events:
                self._print(event)
            self._events.clear()
            if not self._wanted:
                return 0
            if not self._connection.wait(deadline):
                print(f"no event {' or '.join(self._wanted)} within {timeout:g} s", file=sys.stderr)
                return EXIT_TIMEOUT
            self._connection.receive()

    def _event(self, event: Message) -> None:
        """Each -e takes one event, whether it comes before or after the answer of the command that causes it."""
        if event["event"] in self._wanted:
            self._wanted.remove(event["event"])
            self._events.append(event)

    def _described(self) -> Schema:
        if self._schema is None:
            self._schema = fetch_schema(self._connection)
        return self._schema

    def _print(self, value: Any) -> None:
        print(script_json(value, self._raw), flush=True)
