# SPDX-License-Identifier: Apache-2.0
"""The figures and the table of iothread-top, from made-up servers and kernels."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from introspection import ENTRIES

from qmp.address import Address
from qmp.errors import ConnectionFailed
from qmp.sampling import Holder, Row
from qmp.schema import Schema
from qmp.statistics_query import StatisticsQuery
from qmp.table import Statistics, columns, render, sort_rows
from qmp.thread_times import ThreadTimes, read_times, thread_folder
from qmp.watching import Watcher

POLLING = {"poll-max-ns": 32768, "poll-grow": 2, "poll-shrink": 2, "poll-weight": 3, "aio-max-batch": 0}


def row(name: str, cpu: float | None = None, **more: Any) -> Row:
    """An IOThread with a name and a load."""
    return Row(name, 7, dict(POLLING), more.pop("holders", ()), cpu, **more)


class KernelTest(unittest.TestCase):
    """A /proc of our own."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="proc-")
        self.addCleanup(directory.cleanup)
        self.proc = Path(directory.name)

    def thread(self, pid: int, tid: int, name: str, schedstat: str | None = "5000000 1 2\n") -> Path:
        """A thread of a process."""
        folder = self.proc / str(pid) / "task" / str(tid)
        folder.mkdir(parents=True)
        (folder / "comm").write_text(name + "\n")
        (folder / "status").write_text(f"Name:\t{name}\nvoluntary_ctxt_switches:\t11\nnonvoluntary_ctxt_switches:\t3\n")
        (folder / "stat").write_text(f"{tid} ({name}) S " + " ".join(map(str, range(1, 20))) + "\n")
        if schedstat is not None:
            (folder / "schedstat").write_text(schedstat)
        return folder

    def test_thread_of_the_process_that_listens(self) -> None:
        folder = self.thread(10, 12, "whatever")
        self.assertEqual(thread_folder(10, 12, "io0", self.proc), folder)

    def test_thread_of_another_process_only_with_the_right_name(self) -> None:
        self.thread(1, 1, "systemd")
        folder = self.thread(12, 12, "IO io0")
        self.assertEqual(thread_folder(1, 12, "io0", self.proc), folder)
        self.assertIsNone(thread_folder(1, 12, "io1", self.proc))
        self.assertIsNone(thread_folder(1, 13, "io0", self.proc))
        self.assertIsNone(thread_folder(None, 12, "io0", self.proc))

    def test_long_names_are_cut_by_the_kernel(self) -> None:
        folder = self.thread(12, 12, "IO abcdefghijkl")
        self.assertEqual(thread_folder(1, 12, "abcdefghijklmnop", self.proc), folder)

    def test_times(self) -> None:
        self.assertEqual(read_times(self.thread(1, 2, "a b) c")), ThreadTimes(5_000_000, 11, 3))
        ticks = read_times(self.thread(1, 3, "a b) c", schedstat=None))
        assert ticks is not None
        self.assertEqual(ticks.cpu_ns % 10_000_000, 0)
        self.assertIsNone(read_times(self.proc / "nope"))
        self.assertIsNone(read_times(self.thread(1, 4, "x", schedstat="")))


class StatisticsTest(unittest.TestCase):
    """query-iothread-stats, whatever it will look like."""

    ELEMENT: dict[str, Any] = {"name": "s", "meta-type": "object", "members": [
        {"name": "id", "type": "str"}, {"name": "thread-id", "type": "int"}, {"name": "hits", "type": "int"},
        {"name": "mean", "type": "number", "default": None}, {"name": "poll", "type": "t"},
        {"name": "on", "type": "bool"}]}
    INNER: dict[str, Any] = {"name": "t", "meta-type": "object", "members": [{"name": "spun-ns", "type": "int"}]}
    COMMAND: dict[str, Any] = {"name": "query-iothread-stats", "meta-type": "command", "arg-type": "0",
                               "ret-type": "[s]"}
    ARRAY: dict[str, Any] = {"name": "[s]", "meta-type": "array", "element-type": "s"}

    def query(self, **changes: Any) -> StatisticsQuery:
        """For a schema with this command."""
        return StatisticsQuery(Schema([*ENTRIES, self.ELEMENT, self.INNER, self.ARRAY, self.COMMAND | changes]))

    def test_numbers_become_columns(self) -> None:
        query = self.query()
        self.assertEqual(query.columns, ["hits", "mean", "poll.spun-ns"])
        answer = [{"id": "io0", "hits": 5, "poll": {"spun-ns": 7}, "on": True}, {"id": "io1", "hits": "x"}, 5,
                  {"id": 5}]
        self.assertEqual(query.read(answer), {"io0": {"hits": 5, "poll.spun-ns": 7}, "io1": {}})
        self.assertEqual(query.read({"no": "list"}), {})

    def test_not_there_or_not_understood(self) -> None:
        self.assertFalse(StatisticsQuery(Schema(ENTRIES)).available)
        for change in ({"ret-type": "str"}, {"ret-type": "s"}, {"ret-type": "[str]"}, {"arg-type": "2"},
                       {"arg-type": "nope"}):
            with self.subTest(**change):
                self.assertFalse(self.query(**change).available)

    def test_columns_in_the_table(self) -> None:
        statistics: dict[str, Any] = {"statistics": {"hits": 5, "mean": 0.5},
                                      "statistics_per_second": {"hits": 2.4}}
        title, lines = render([row("io0", **statistics)], columns(["hits", "mean"], Statistics.TOTALS))
        self.assertEqual(dict(zip(title.split(), lines[0].split()))["HITS"], "5")
        title, lines = render([row("io0", **statistics)], columns(["hits", "mean"], Statistics.PER_SECOND))
        cells = dict(zip(title.split(), lines[0].split()))
        self.assertEqual((cells["HITS/s"], cells["MEAN/s"]), ("2", "-"))


class WatcherTest(unittest.TestCase):
    """A server that is not there."""

    def test_looked_for_ever_more_rarely(self) -> None:
        pauses: list[float] = []
        problems: list[str] = []
        watcher = Watcher(Address(path="/nope"), 2.0, lambda picture: problems.append(picture.problem))
        with self.assertRaises(ConnectionFailed):
            watcher.connect()
        with mock.patch.object(watcher, "_pause", pauses.append):
            for _ in range(7):
                watcher.step()
        self.assertEqual(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0])
        self.assertEqual(problems, ["cannot connect to /nope: No such file or directory"] * 7)


class TableTest(unittest.TestCase):
    """Rows, sorted and cut."""

    def test_table(self) -> None:
        holders = (Holder("block-export", "e1", 3), Holder("block-node", "n0"))
        title, lines = render([row("io0", 12.34, holders=holders, voluntary=10.4, involuntary=0.0), row("b" * 300)],
                              columns([]), 10)
        self.assertEqual(title.split(), ["IOTHREAD", "TID", "CPU%", "VOL/s", "INVOL/s", "POLL-MAX-NS", "GROW", "SHRINK",
                                         "WEIGHT", "BATCH", "CONNS", "HOLDERS"])
        self.assertEqual(lines[0].split(), ["io0", "7", "12.3", "10", "0", "32768", "2", "2", "3", "0", "3",
                                            "block-export:e1(3),block-node:n0"])
        self.assertEqual(lines[1].split(), ["bbbbbbbbb~", "7", "-", "-", "-", "32768", "2", "2", "3", "0", "-", "-"])

    def test_names_cannot_upset_the_terminal(self) -> None:
        _, lines = render([row("io\x1b[2J", holders=(Holder("k", "a\nb"),))], columns([]))
        self.assertNotIn("\x1b", lines[0])
        self.assertNotIn("\n", lines[0])

    def test_order(self) -> None:
        rows = [row("b", 1.0), row("a", None), row("c", 5.0)]
        cpu = columns([])[2]
        self.assertEqual([one.id for one in sort_rows(rows, None, False)], ["b", "a", "c"])
        self.assertEqual([one.id for one in sort_rows(rows, cpu, True)], ["c", "b", "a"])
        self.assertEqual([one.id for one in sort_rows(rows, cpu, False)], ["b", "c", "a"])


if __name__ == "__main__":
    unittest.main()
