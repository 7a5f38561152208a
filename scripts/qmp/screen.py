# SPDX-License-Identifier: Apache-2.0
"""iothread-top on a terminal: the table, kept up to date, with keys to sort, scroll and unfold."""

from __future__ import annotations

import curses
import os
import select
import signal
import sys
import threading
import time
from dataclasses import dataclass

from . import table
from .address import Address
from .sampling import Row
from .text import one_line
from .watching import Picture, Watcher

MIN_DELAY_SECONDS, MAX_DELAY_SECONDS = 0.1, 3600.0
SORT_KEYS = {"o": None, "i": "IOTHREAD", "t": "TID", "c": "CPU%", "v": "VOL/s", "n": "INVOL/s", "p": "POLL-MAX-NS",
             "k": "CONNS", "h": "HOLDERS"}
_SCROLL_KEYS = (curses.KEY_UP, curses.KEY_DOWN, curses.KEY_PPAGE, curses.KEY_NPAGE, curses.KEY_HOME, curses.KEY_END,
                curses.KEY_LEFT, curses.KEY_RIGHT)
_BIG_FIRST = {"CPU%", "VOL/s", "INVOL/s", "POLL-MAX-NS", "CONNS", "HOLDERS"}
HELP = """\
q          end
Space      look now
+ -        look less often, more often
Arrows     scroll, sideways too; also PgUp, PgDn, Home, End
o          the server's order
i t c      sort by id, thread id, processor time
v n        ... by voluntary, involuntary context switches
p k h      ... by poll-max-ns, connections, number of holders
r          turn the order around
e          holders: one per line, or all in one
s          statistics: totals, per second, or none
Any other key ends this help."""


@dataclass
class View:
    """What the person at the keys has chosen."""

    sort: str | None = None
    reverse: bool = False
    unfolded: bool = False
    statistics: table.Statistics = table.Statistics.OFF
    top: int = 0
    left: int = 0
    help: bool = False


class Screen:
    """The curses side: only the main thread comes here; the watcher's thread leaves pictures and rings a bell."""

    def __init__(self, address: Address, delay: float, statistics: table.Statistics) -> None:
        self._address = address
        self._picture = Picture()
        self._lock = threading.Lock()
        self._bell, self._ring = os.pipe()
        os.set_blocking(self._ring, False)
        self._watcher = Watcher(address, delay, self._new_picture)
        self._view = View(statistics=statistics)
        self._lines = 0  # in the body
        self._height = 0  # of the body

    def run(self) -> int:
        """Until `q`. Without a server at the beginning it does not begin: ConnectionFailed."""
        self._watcher.connect()
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, lambda _number, _frame: None) # rings the bell
        signal.signal(signal.SIGTERM, _end) # an exception, so that curses gives the terminal back
        try:
            curses.wrapper(self._loop)
        except KeyboardInterrupt:
            pass
        finally:
            signal.set_wakeup_fd(-1)
            self._watcher.end()
        return 0

    def _new_picture(self, picture: Picture) -> None:
        with self._lock:
            self._picture = picture
        try:
            os.write(self._ring, b"\0")
        except BlockingIOError:
            pass # the bell rings already

    def _loop(self, window: curses.window) -> None:
        try:
            curses.curs_set(0)
        except curses.error:
            pass # a terminal that always shows its cursor
        window.nodelay(True)
        self._watcher.start()
        while True:
            self._draw(window)
            left = None
            if self._picture.retry_at is not None:
                left = max(0.05, (self._picture.retry_at - time.monotonic()) % 1.0)
            ready = select.select([sys.stdin, self._bell], [], [], left)[0]
            if self._bell in ready:
                os.read(self._bell, 4096)
                _follow_size()
            while (key := window.getch()) != curses.ERR:
                if not self._key(key):
                    return
            if sys.stdin in ready and not os.isatty(sys.stdin.fileno()):
                return

    def _key(self, key: int) -> bool:
        """Take a key; False at the end."""
        view = self._view
        letter = chr(key) if 0 < key < 128 else ""
        if key == curses.KEY_RESIZE:
            pass # no key: the next picture has the new size
        elif view.help and key not in _SCROLL_KEYS:
            view.help, view.top, view.left = False, 0, 0
        elif letter == "q":
            return False
        elif letter in SORT_KEYS:
            view.sort = SORT_KEYS[letter]
            view.reverse = view.sort in _BIG_FIRST
        elif letter == "r":
            view.reverse = not view.reverse
        elif letter == "e":
            view.unfolded = not view.unfolded
        elif letter == "s":
            view.statistics = view.statistics.next()
        elif letter == "?":
            view.help, view.top, view.left = True, 0, 0
        elif letter == " ":
            self._watcher.look_now()
        elif letter in ("+", "-"):
            delay = self._watcher.delay * (2 if letter == "+" else 0.5)
            self._watcher.delay = min(MAX_DELAY_SECONDS, max(MIN_DELAY_SECONDS, delay))
            self._watcher.look_now()
        else:
            self._scroll(key)
        return True

    def _scroll(self, key: int) -> None:
        page = max(1, self._height - 1)
        down = {curses.KEY_UP: -1, curses.KEY_DOWN: 1, curses.KEY_PPAGE: -page, curses.KEY_NPAGE: page,
                curses.KEY_HOME: -self._lines, curses.KEY_END: self._lines}.get(key, 0)
        right = {curses.KEY_LEFT: -8, curses.KEY_RIGHT: 8}.get(key, 0)
        self._view.top += down # _draw() keeps it in bounds
        self._view.left = max(0, self._view.left + right)

    def _draw(self, window: curses.window) -> None:
        with self._lock:
            picture = self._picture
        height, width = window.getmaxyx()
        title, body = self._text(picture)
        self._lines, self._height = len(body), max(0, height - 2)
        self._view.top = max(0, min(self._view.top, self._lines - self._height))
        visible = body[self._view.top:self._view.top + self._height]
        left = min(self._view.left, max([0, *(len(line) - width + 1 for line in [title, *body])]))
        self._view.left = left
        window.erase()
        _put(window, 0, self._head(picture, len(body)), curses.A_BOLD)
        _put(window, 1, title[left:].ljust(width), curses.A_REVERSE)
        for number, line in enumerate(visible):
            _put(window, number + 2, line[left:], curses.A_DIM if picture.problem else 0)
        window.refresh()

    def _text(self, picture: Picture) -> tuple[str, list[str]]:
        """The title, and the lines of the body."""
        if self._view.help:
            return "Keys", HELP.splitlines()
        shown = table.columns(picture.columns, self._view.statistics)
        column = next((column for column in shown if column.title == self._view.sort), None)
        rows = table.sort_rows(picture.rows, column, self._view.reverse)
        title, lines = table.render(rows, shown[:-1] if self._view.unfolded else shown, table.ID_WIDTH)
        if not rows:
            return title, ["no IOThreads"]
        return title, _unfold(rows, lines) if self._view.unfolded else lines

    def _head(self, picture: Picture, lines: int) -> str:
        if picture.problem:
            left = max(0.0, (picture.retry_at or 0.0) - time.monotonic())
            return f"{one_line(picture.problem)}; next attempt in {left:.0f} s   q: end"
        order = f"by {self._view.sort}" if self._view.sort else "server's order"
        last = min(lines, self._view.top + self._height)
        more = f"   {self._view.top + 1}-{last} of {lines}" if lines > self._height else ""
        threads = "1 IOThread" if len(picture.rows) == 1 else f"{len(picture.rows)} IOThreads"
        return (f"{threads}   every {self._watcher.delay:g} s   {order}{more}   ?: help   "
                f"{self._address}   {one_line(picture.server)}")


def _follow_size() -> None:
    """Tell curses when the terminal has another size."""
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    if columns > 0 and lines > 0 and curses.is_term_resized(lines, columns):
        curses.resizeterm(lines, columns)


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _unfold(rows: list[Row], lines: list[str]) -> list[str]:
    found: list[str] = []
    for row, line in zip(rows, lines):
        found.append(line)
        for holder in row.holders:
            clients = "" if holder.connections is None else f"  {holder.connections} connections"
            found.append(f"    {holder.kind}  {one_line(holder.name)}{clients}")
    return found


def _put(window: curses.window, line: int, text: str, attribute: int) -> None:
    """As much of the text as fits; the last cell of the screen cannot be written, and need not be."""
    height, width = window.getmaxyx()
    if line >= height:
        return
    try:
        window.addnstr(line, 0, text, width - (line == height - 1), attribute)
    except curses.error:
        pass
