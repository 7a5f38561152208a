# SPDX-License-Identifier: Apache-2.0
"""The interactive shell: one loop that waits for the keyboard, the server and signals at the same time.

A signal only writes its number into a pipe that the loop reads, so nothing is ever interrupted half-way.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections import deque
from collections.abc import Callable

from . import completion, describe
from .connection import Connection, result
from .errors import EXIT_FAILED, CommandRefused, ConnectionFailed, LineError
from .framing import Message
from .history import History, default_path
from .line_editor import LineEditor
from .requests import help_text, send
from .schema import Schema
from .text import Style, one_line, wants_colour
from .words import parse_line

PROMPT = "qmp> "
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGCONT)


class Shell:
    """A session of a person with a server."""

    def __init__(self, connection: Connection, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self._style = Style(wants_colour(sys.stdout))
        self._editor = LineEditor(lambda before: completion.complete(schema, before), completion.DELIMITERS)
        self._history = History(default_path())
        self._lines: deque[str] = deque() # pasted together, still to be run
        self._running: dict[str, str] = {} # id -> command without an answer yet
        self._awaited: str | None = None
        self._quitting = False
        self._status: int | None = None
        connection.on_event = self._event

    def run(self) -> int:
        """The session to its end; the exit status."""
        self._greet()
        read_end, restore = _signal_pipe()
        try:
            while self._status is None:
                self._step(read_end)
        except ConnectionFailed as error:
            self._leave(error)
        finally:
            self._editor.stop()
            restore()
        return self._status if self._status is not None else 0

    def _greet(self) -> None:
        print(f"Connected to {one_line(self._connection.server)} at {self._connection.address}.")
        print("'help' lists the commands, TAB completes, Ctrl-D leaves.")
        if self._history.problem:
            print(self._style.error(self._history.problem))
        sys.stdout.flush()

    def _step(self, signals: int) -> None:
        """Wait for one thing to happen and take care of it."""
        if self._awaited is None and not self._editor.active:
            if self._lines:
                self._execute(self._lines.popleft())
                return
            self._editor.start(PROMPT)
        inputs = [self._connection.fileno(), signals, *([sys.stdin.fileno()] if self._editor.active else [])]
        outputs = [self._connection.fileno()] if self._connection.wants_write else []
        readable, writable, _ = select.select(inputs, outputs, [])
        if writable:
            self._connection.flush()
        if signals in readable:
            for number in os.read(signals, 64):
                self._signalled(number)
        if self._connection.fileno() in readable:
            for message in self._connection.receive():
                self._answered(message)
        if sys.stdin.fileno() in readable and self._editor.active and self._editor.read_char():
            self._entered(self._editor.line)

    def _entered(self, line: str | None) -> None:
        if line is None:
            self._print("")
            self._status = 0
            return
        self._history.add(line.strip())
        self._lines.extend([line] if line.lstrip().startswith("{") else line.splitlines())

    def _execute(self, text: str) -> None:
        """Run one line."""
        words = text.split()
        try:
            if words[:1] == ["exit"]:
                self._status = 0
            elif words[:1] == ["help"]:
                self._print(help_text(self._schema, words[1:]))
            elif (line := parse_line(text)) is not None:
                self._awaited = send(self._connection, self._schema, line)
                self._running[self._awaited] = line.command
        except LineError as error:
            self._print(self._style.error(str(error)))

    def _answered(self, message: Message) -> None:
        command = self._running.pop(message["id"])
        late = message["id"] != self._awaited
        if not late:
            self._awaited = None
        try:
            text = self._style.value(result(message))
            self._quitting = self._quitting or command == "quit"
        except CommandRefused as error:
            hint = describe.suggestion(self._schema, command) if error.error_class == "CommandNotFound" else ""
            text = self._style.error(error.desc + hint)
        self._print(f"{self._style.paint('dim', 'answer to ' + command + ':')} {text}" if late else text)

    def _event(self, event: Message) -> None:
        self._print(self._style.event(event))

    def _print(self, text: str) -> None:
        """Print above the line that is being typed."""
        if self._editor.active:
            self._editor.erase()
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        finally:
            if self._editor.active:
                self._editor.redraw()

    def _signalled(self, number: int) -> None:
        if number == signal.SIGINT:
            self._interrupted()
        elif number == signal.SIGWINCH:
            self._editor.resized()
        elif number == signal.SIGCONT and self._editor.active: # it was stopped; the terminal has been somebody else's
            self._editor.stop()
            self._editor.start(PROMPT)
        elif number in (signal.SIGTERM, signal.SIGHUP):
            self._status = 128 + number

    def _interrupted(self) -> None:
        self._lines.clear()
        if self._editor.active:
            self._editor.stop()
            sys.stdout.write("^C\n")
            sys.stdout.flush()
        elif self._awaited is not None:
            command = one_line(self._running[self._awaited])
            print(f"\n'{command}' goes on in the server; its answer will be shown when it comes.", flush=True)
            self._awaited = None

    def _leave(self, reason: ConnectionFailed) -> None:
        """The connection has ended. After `quit` that is what was asked for."""
        self._status = 0 if self._quitting else EXIT_FAILED
        if self._editor.active:
            self._editor.stop()
            print()
        print(f"{reason}." if self._quitting else self._style.error(str(reason)), flush=True)


def _signal_pipe() -> tuple[int, Callable[[], None]]:
    """A descriptor from which the numbers of signals can be read, and a function that ends that."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def restore() -> None:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read_end)
        os.close(write_end)

    return read_end, restore
