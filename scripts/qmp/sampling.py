# SPDX-License-Identifier: Apache-2.0
"""One look after the other at a server's IOThreads, and what happened to each of them in between."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .connection import Connection
from .errors import CommandRefused, ProtocolError
from .requests import fetch_schema
from .statistics_query import COMMAND, Number, StatisticsQuery
from .text import one_line
from .thread_times import ThreadTimes, read_times, thread_folder

ANSWER_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Holder:
    """Whoever keeps an IOThread; `connections` for exports, of the whole export."""

    kind: str
    name: str
    connections: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + ("" if self.connections is None else f"({self.connections})")


@dataclass(frozen=True)
class Row:
    """An IOThread now, and per second since the look before; None is for what is not known."""

    id: str
    thread_id: int | None
    polling: dict[str, int | None]
    holders: tuple[Holder, ...]
    cpu_percent: float | None = None
    voluntary: float | None = None
    involuntary: float | None = None
    statistics: dict[str, Number] = field(default_factory=dict)
    statistics_per_second: dict[str, float] = field(default_factory=dict)

    @property
    def connections(self) -> int | None:
        """Those of all exports that hold the thread."""
        known = [holder.connections for holder in self.holders if holder.connections is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class _Seen:
    """What the next look is compared with."""

    when: float
    times: ThreadTimes | None
    statistics: dict[str, Number]


POLLING = ("poll-max-ns", "poll-grow", "poll-shrink", "poll-weight", "aio-max-batch")


class Sampler:
    """Looks through one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pid = connection.peer_pid()
        self._before: dict[tuple[str, int | None], _Seen] = {}
        self._exports = True
        try:
            self._statistics = StatisticsQuery(fetch_schema(connection))
        except CommandRefused as error:
            raise ProtocolError(f"no query-qmp-schema: {error}") from None
        self.columns = self._statistics.columns

    def look(self) -> list[Row]:
        """The IOThreads in the server's order."""
        try:
            threads = self._ask("query-iothreads")
        except CommandRefused as error:
            raise ProtocolError(f"the server does not list its IOThreads: {one_line(str(error))}") from None
        connections = self._connections()
        statistics = self._statistics.read(self._ask(COMMAND)) if self._statistics.available else {}
        now: dict[tuple[str, int | None], _Seen] = {}
        try:
            rows = [self._row(thread, connections, statistics, now) for thread in threads]
        except (KeyError, TypeError, AttributeError):
            raise ProtocolError("the server's answer to query-iothreads makes no sense") from None
        self._before = now
        return rows

    def _ask(self, command: str) -> Any:
        return self._connection.execute(command, timeout=ANSWER_TIMEOUT_SECONDS)

    def _connections(self) -> dict[str, int]:
        """Connections by export; a server without exports has none."""
        if not self._exports:
            return {}
        try:
            return {export["id"]: export["connections"] for export in self._ask("query-block-exports")
                    if isinstance(export.get("connections"), int)}
        except CommandRefused:
            self._exports = False
            return {}
        except (KeyError, TypeError, AttributeError):
            raise ProtocolError("the server's answer to query-block-exports makes no sense") from None

    def _row(self, thread: dict[str, Any], connections: dict[str, int], statistics: dict[str, dict[str, Number]],
             now: dict[tuple[str, int | None], _Seen]) -> Row:
        name, thread_id = str(thread["id"]), thread.get("thread-id")
        thread_id = thread_id if isinstance(thread_id, int) else None
        folder: Path | None = thread_folder(self._pid, thread_id, name) if thread_id is not None else None
        seen = _Seen(time.monotonic(), read_times(folder) if folder else None, statistics.get(name, {}))
        now[name, thread_id] = seen
        before = self._before.get((name, thread_id))
        cpu, voluntary, involuntary = _rates(before, seen)
        return Row(name, thread_id, {key: thread.get(key) for key in POLLING},
                   tuple(_holder(holder, connections) for holder in thread.get("holders", ())),
                   cpu, voluntary, involuntary, seen.statistics, _statistics_rates(before, seen))


def _rates(before: _Seen | None, now: _Seen) -> tuple[float | None, float | None, float | None]:
    """Percent of a processor, and both kinds of context switches per second."""
    if before is None or before.times is None or now.times is None or now.when <= before.when:
        return None, None, None
    seconds = now.when - before.when
    return ((now.times.cpu_ns - before.times.cpu_ns) / seconds / 1e7,
            (now.times.voluntary - before.times.voluntary) / seconds,
            (now.times.involuntary - before.times.involuntary) / seconds)


def _statistics_rates(before: _Seen | None, now: _Seen) -> dict[str, float]:
    if before is None or now.when <= before.when:
        return {}
    return {column: (value - before.statistics[column]) / (now.when - before.when)
            for column, value in now.statistics.items() if column in before.statistics}


def _holder(holder: dict[str, Any], connections: dict[str, int]) -> Holder:
    """Kind, and the name: the one member besides the kind, whatever it is called."""
    kind = str(holder["type"])
    name = next((str(value) for key, value in holder.items() if key != "type"), "?")
    return Holder(kind, name, connections.get(name) if kind == "block-export" else None)
