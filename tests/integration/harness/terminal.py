# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own: keys in, what it shows out."""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from pathlib import Path

from .case import Case
from .errors import Failure
from .process import Process
from .screen import Screen

TIMEOUT = 30.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-Z]|\x1b[=>78]|\x0f")


class Terminal:
    """The person's side. What is shown is kept as text, without the sequences that move and colour."""

    def __init__(self, case: Case, *argv: str | Path, rows: int = 24, columns: int = 100):
        case.need("setsid")
        self._master, slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self.resize(rows, columns)
        with open(slave, "r+b", buffering=0) as end:
            # A session of its own, so that the terminal is the program's and Ctrl-C is a signal.
            self.process: Process = case.spawn("setsid", "--ctty", *argv, stdin=end, stdout=slave)
        self._raw = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._seen = 0

    def resize(self, rows: int, columns: int) -> None:
        """Make the terminal another size; the program gets SIGWINCH."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    @property
    def text(self) -> str:
        """All that has been shown so far."""
        return _ESCAPES.sub("", self._raw.decode(errors="replace")).replace("\r", "")

    @property
    def raw(self) -> bytes:
        """The same as it came."""
        return self._raw

    def expect(self, pattern: str, timeout: float = TIMEOUT) -> str:
        """Wait until the text matches, behind what was expected before; the part that matches."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.compile(pattern, re.DOTALL).search(self.text, self._seen)
            if match:
                self._seen = match.end()
                return match[0]
            if not self._read(deadline):
                raise Failure(f"the terminal does not show {pattern!r}; since then it showed\n"
                              f"{self.text[self._seen:]}\nstderr: {self.process.stderr[-2000:]}")

    def expect_screen(self, pattern: str, timeout: float = TIMEOUT) -> str:
        """Wait until what the screen shows matches as a whole, line by line; the part that matches."""
        deadline = time.monotonic() + timeout
        while not (match := re.compile(pattern, re.DOTALL).search(self.screen.text)):
            if not self._read(deadline):
                raise Failure(f"the screen does not show {pattern!r} but\n{self.screen.text}\n"
                              f"stderr: {self.process.stderr[-2000:]}")
        return match[0]

    def expect_exit(self, status: int) -> None:
        """Wait for the end of the program, reading what it still shows."""
        deadline = time.monotonic() + TIMEOUT
        while self._read(deadline):
            pass
        seen = self.process.wait_exit()
        if seen != status:
            raise Failure(f"exit status {seen}, not {status}\n{self.text[-2000:]}\n"
                          f"stderr: {self.process.stderr[-2000:]}")

    def close(self) -> None:
        """Hang up."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _read(self, deadline: float) -> bool:
        """Take what is shown next; False at the end, or when the time is over."""
        if not select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError: # EIO: nobody has the other end open any more
            return False
        self._raw += data
        self.screen.feed(self._decoder.decode(data))
        return bool(data)
