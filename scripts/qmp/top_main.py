# SPDX-License-Identifier: Apache-2.0
"""The command line of scripts/iothread-top."""

from __future__ import annotations

import argparse
import sys
import time

from . import program, table
from .address import Address, parse_address
from .errors import ConnectionFailed
from .text import one_line
from .watching import Picture, Watcher

_DESCRIPTION = "Show what the IOThreads of an iothreadd do, and who holds them. Press ? for the keys."
_EPILOG = """\
columns:
  CPU%            of one processor, since the look before (needs the daemon on this machine)
  VOL/s, INVOL/s  context switches per second: the thread waited; it was made to wait
  POLL-MAX-NS, GROW, SHRINK, WEIGHT, BATCH   the thread's properties
  CONNS           clients of the exports that hold the thread
  HOLDERS         kind:name of who keeps the thread, newest first, exports with (clients)
A dash is for what is not known. With -s, or the key s, the numbers of
query-iothread-stats are columns too.

When the daemon goes away, it is looked for again, ever more rarely (up to 10 s).
Exit status: 0 done, 2 no server at the beginning, or wrong usage.

examples:
  iothread-top build/run/qmp.sock
  iothread-top -b -n 10 -d 5 /run/iothreadd.sock     ten tables, five seconds each
"""


def _arguments(argv: list[str]) -> tuple[argparse.Namespace, Address]:
    parser = argparse.ArgumentParser(prog="iothread-top", description=_DESCRIPTION, epilog=_EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", metavar="SOCKET|HOST:PORT", help="where the daemon's QMP server listens")
    parser.add_argument("-d", "--delay", metavar="SECONDS", type=_delay, default=2.0,
                        help="time between two looks (default: 2)")
    parser.add_argument("-b", "--batch", action="store_true", help="print plain tables, each after one delay")
    parser.add_argument("-n", "--count", metavar="COUNT", type=_count, help="with -b: end after so many tables")
    parser.add_argument("-s", "--statistics", action="store_true",
                        help="show what the server counts (query-iothread-stats), too")
    options = parser.parse_args(argv)
    if options.count is not None and not options.batch:
        parser.error("-n is for -b")
    try:
        return options, parse_address(options.address)
    except ValueError as error:
        parser.error(str(error))


def _delay(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0.1 and 3600")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not 1 or more")
    return value


class Batch:
    """Tables for scripts: one after each delay, an empty line between two of them."""

    def __init__(self, address: Address, delay: float, count: int | None, statistics: table.Statistics) -> None:
        self._statistics = statistics
        self._watcher = Watcher(address, delay, self._show)
        self._left = count
        self._first = True

    def run(self) -> None:
        """Until all tables are printed. The first look is only what the second one is compared with."""
        self._watcher.connect()
        while self._left is None or self._left > 0:
            self._watcher.step()
        self._watcher.disconnect()

    def _show(self, picture: Picture) -> None:
        if picture.problem:
            wait = (picture.retry_at or 0.0) - time.monotonic()
            print(f"iothread-top: {one_line(picture.problem)}; next attempt in {wait:.1f} s", file=sys.stderr,
                  flush=True)
        elif not picture.first:
            title, lines = table.render(picture.rows, table.columns(picture.columns, self._statistics))
            print("\n".join([*([] if self._first else [""]), title, *lines]), flush=True)
            self._first = False
            if self._left is not None:
                self._left -= 1


def main(argv: list[str] | None = None) -> int:
    """Exit status: see errors.py."""
    options, address = _arguments(sys.argv[1:] if argv is None else argv)

    def body() -> int:
        statistics = table.Statistics.TOTALS if options.statistics else table.Statistics.OFF
        if options.batch:
            Batch(address, options.delay, options.count, statistics).run()
            return 0
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ConnectionFailed("this is no terminal; -b prints tables")
        from .screen import Screen # needs curses  pylint: disable=import-outside-toplevel
        return Screen(address, options.delay, statistics).run()
    return program.run("iothread-top", body)
