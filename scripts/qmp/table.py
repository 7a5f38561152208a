# SPDX-License-Identifier: Apache-2.0
"""The columns of iothread-top: their titles, their texts, and how one sorts by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .sampling import Row
from .text import one_line

UNKNOWN = "-"
ID_WIDTH = 24  # an id may be 300 characters long; on a screen it is cut there


@dataclass(frozen=True)
class Column:
    """`value` is what is sorted by, `text` what is shown; None sorts last and is shown as a dash."""

    title: str
    value: Callable[[Row], Any]
    text: Callable[[Any], str]
    left: bool = False


class Statistics(Enum):
    """Whether the numbers of query-iothread-stats are shown, and how."""

    OFF = 0
    TOTALS = 1
    PER_SECOND = 2

    def next(self) -> Statistics:
        """One after the other, and again from the start."""
        return Statistics((self.value + 1) % len(Statistics))


def columns(statistics: list[str], shown: Statistics = Statistics.OFF) -> list[Column]:
    """All columns, the holders last because they are the longest."""
    return [
        Column("IOTHREAD", lambda row: row.id, one_line, left=True),
        Column("TID", lambda row: row.thread_id, str),
        Column("CPU%", lambda row: row.cpu_percent, lambda value: f"{value:.1f}"),
        Column("VOL/s", lambda row: row.voluntary, lambda value: f"{value:.0f}"),
        Column("INVOL/s", lambda row: row.involuntary, lambda value: f"{value:.0f}"),
        Column("POLL-MAX-NS", lambda row: row.polling["poll-max-ns"], str),
        Column("GROW", lambda row: row.polling["poll-grow"], str),
        Column("SHRINK", lambda row: row.polling["poll-shrink"], str),
        Column("WEIGHT", lambda row: row.polling["poll-weight"], str),
        Column("BATCH", lambda row: row.polling["aio-max-batch"], str),
        *(_statistic(name, shown) for name in statistics if shown is not Statistics.OFF),
        Column("CONNS", lambda row: row.connections, str),
        Column("HOLDERS", lambda row: len(row.holders), str, left=True),
    ]


def _statistic(name: str, shown: Statistics) -> Column:
    if shown is Statistics.PER_SECOND:
        return Column(name.upper() + "/s", lambda row: row.statistics_per_second.get(name),
                      lambda value: f"{value:.0f}")
    return Column(name.upper(), lambda row: row.statistics.get(name),
                  lambda value: str(value) if isinstance(value, int) else f"{value:.3f}")


def sort_rows(rows: list[Row], column: Column | None, reverse: bool) -> list[Row]:
    """By a column, what is unknown at the end; without one in the server's order."""
    if column is None:
        return rows[::-1] if reverse else rows
    known = [row for row in rows if column.value(row) is not None]
    unknown = [row for row in rows if column.value(row) is None]
    return sorted(known, key=column.value, reverse=reverse) + unknown


def render(rows: list[Row], shown: list[Column], id_width: int | None = None) -> tuple[str, list[str]]:
    """The line of titles, and one line per row."""
    cells = [[_cell(column, row, id_width) for column in shown] for row in rows]
    widths = [max([len(column.title), *(len(line[index]) for line in cells)]) for index, column in enumerate(shown)]

    def line(texts: list[str]) -> str:
        padded = [text.ljust(width) if column.left else text.rjust(width)
                  for text, width, column in zip(texts, widths, shown)]
        return "  ".join(padded).rstrip()

    return line([column.title for column in shown]), [line(texts) for texts in cells]


def _cell(column: Column, row: Row, id_width: int | None) -> str:
    if column.title == "HOLDERS":
        return ",".join(one_line(str(holder)) for holder in row.holders) or UNKNOWN
    value = column.value(row)
    if value is None:
        return UNKNOWN
    text = column.text(value)
    return text[:id_width - 1] + "~" if column.title == "IOTHREAD" and id_width and len(text) > id_width else text
