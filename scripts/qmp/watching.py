# SPDX-License-Identifier: Apache-2.0
"""Keeps looking at a server in a thread of its own, and comes back when the server does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .address import Address
from .connection import Connection
from .errors import CommandRefused, ConnectionFailed, LineError
from .sampling import Row, Sampler

FIRST_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 10.0


@dataclass(frozen=True)
class Picture:
    """What there is to show; `problem` is set while there is no server, and the rows are the last ones seen."""

    rows: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    server: str = ""
    problem: str = ""
    first: bool = False  # nothing to compare with: rates are not known yet
    retry_at: float | None = None  # time.monotonic() of the next attempt


class Watcher:
    """Calls `show` with each new picture, from its own thread once `start()` was called."""

    def __init__(self, address: Address, delay: float, show: Callable[[Picture], None]) -> None:
        self._address = address
        self.delay = delay
        self._show = show
        self._picture = Picture()
        self._wake = threading.Event()
        self._ended = False
        self._sampler: Sampler | None = None
        self._connection: Connection | None = None
        self._retry = FIRST_RETRY_SECONDS

    def connect(self) -> None:
        """Connect, and look for the first time; ConnectionFailed when that does not work."""
        self._connection = Connection(self._address)
        try:
            self._sampler = Sampler(self._connection)
            self._take(self._sampler, first=True)
        except (CommandRefused, LineError) as error:
            self.disconnect()
            raise ConnectionFailed(str(error)) from None
        except ConnectionFailed:
            self.disconnect()
            raise

    def start(self) -> threading.Thread:
        """Go on in a thread that ends with the program."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def look_now(self) -> None:
        """Do not wait for the next look, or the next attempt."""
        self._wake.set()

    def end(self) -> None:
        """No more pictures."""
        self._ended = True
        self._wake.set()

    def step(self) -> None:
        """Wait for the delay and look; or, without a connection, wait for the next attempt and try."""
        try:
            if self._sampler is not None:
                self._pause(self.delay)
                if not self._ended:
                    self._take(self._sampler)
            else:
                self._pause(self._retry)
                if not self._ended:
                    self.connect()
                self._retry = FIRST_RETRY_SECONDS
        except (ConnectionFailed, CommandRefused) as error:
            self._lost(error)

    def disconnect(self) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._sampler = None

    def _run(self) -> None:
        while not self._ended:
            self.step()

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _take(self, sampler: Sampler, first: bool = False) -> None:
        assert self._connection is not None
        self._picture = Picture(sampler.look(), sampler.columns, self._connection.server, first=first)
        self._show(self._picture)

    def _lost(self, error: Exception) -> None:
        had_one = self._sampler is not None
        self.disconnect()
        self._retry = FIRST_RETRY_SECONDS if had_one else min(self._retry * 2, MAX_RETRY_SECONDS)
        last = self._picture
        self._picture = Picture(last.rows, last.columns, last.server, str(error),
                                retry_at=time.monotonic() + self._retry)
        self._show(self._picture)
