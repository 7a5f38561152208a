# SPDX-License-Identifier: Apache-2.0
"""qom-set changes all that can be changed of an IOThread, over and over, while clients write and verify:
they notice nothing, and what was set last is what is shown.
"""
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import Case, Daemon, Export, QmpClient, equal
from harness.load import VerifyingLoad
from harness.storage import uri

ROUNDS = 60
CPUS = sorted(os.sched_getaffinity(0))
VALUES: dict[str, tuple[Any, ...]] = {
    "poll-max-ns": (0, 1, 5000, 32768, 1_000_000),
    "poll-grow": (0, 1, 3, 1000),
    "poll-shrink": (0, 1, 3, 1000),
    "poll-weight": (0, 1, 6, 63),
    "poll-policy": ("weighted", "classic", "predictive"),
    "poll-latency-weight": (0, 4, 1000),
    "stall-limit-ns": (0, 100_000, 1_000_000_000),
    "aio-max-batch": (0, 1, 16),
    "thread-pool-min": (0, 1, 3),
    "thread-pool-max": (3, 8, 64),
    "cpu-affinity": ([], CPUS[:1], CPUS[-1:], CPUS),
}
NOT_IN_QUERY = ("stall-limit-ns", "thread-pool-min", "thread-pool-max", "cpu-affinity")


class Tuner:
    """Sets properties at random, and knows what they have to be afterwards."""

    def __init__(self, qmp: QmpClient):
        self.qmp = qmp
        self.random = random.Random(5)
        self.wanted: dict[str, Any] = {}
        self.seen: set[tuple[str, str]] = set()
        self.rounds = 0

    def tune(self) -> None:
        """One round: each property gets a new value, in any order."""
        for name in self.random.sample(sorted(VALUES), len(VALUES)):
            self.wanted[name] = self.random.choice(VALUES[name])
            self.seen.add((name, str(self.wanted[name])))
            self.qmp.execute("qom-set", {"path": "io0", "property": name, "value": self.wanted[name]})
        self.rounds += 1
        self.check_shown()

    def check_shown(self) -> None:
        expected = self.in_force()
        shown = self.qmp.execute("query-iothreads")[0]
        for name, value in expected.items():
            equal(self.qmp.execute("qom-get", {"path": "io0", "property": name}), value, name)
            if name not in NOT_IN_QUERY:
                equal(shown[name], value, f"{name} in query-iothreads")
        stats = self.qmp.execute("query-iothread-stats")[0]
        equal(stats["cpus"], expected["cpu-affinity"] or CPUS, "CPUs in query-iothread-stats")

    def in_force(self) -> dict[str, Any]:
        """Where 0 stands for the policy's own value, that is what is shown."""
        own = {"poll-grow": 2, "poll-shrink": 0 if self.wanted["poll-policy"] == "classic" else 2, "poll-weight": 3}
        return {name: own.get(name, 0) if value == 0 else value for name, value in self.wanted.items()}


def serve_second(case: Case, qmp: QmpClient, first: Export) -> tuple[Path, str]:
    """Another export of the same IOThread, whose file I/O goes through the thread pool."""
    image = case.image("copy.img", case.settings.image_mib)
    case.add_file(qmp, "n1", image, aio="threads")
    qmp.execute("block-export-add", {"type": "nbd", "id": "e1", "node-name": "n1", "name": "copy", "writable": True,
                                     "iothread": "io0"})
    return image, uri(first.address, "copy")


def tune_while(busy: Callable[[], bool], tuner: Tuner, daemon: Daemon, load: VerifyingLoad) -> None:
    """As long as it is busy: a round, and more I/O."""
    thread = tuner.qmp.execute("query-iothreads")[0]["thread-id"]
    while busy():
        before = daemon.cpu_ns(thread)
        tuner.tune()
        daemon.until(lambda before=before: daemon.cpu_ns(thread) > before + 1_000_000 or load.check_running(),
                     "I/O goes on")


def test(case: Case) -> None:
    case.need("fio", "nbdcopy", "cmp")
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 16))
        image, second = serve_second(case, qmp, export)
        source, out = case.image("source.img", case.settings.image_mib, random=True), case.path("out.img")
        tuner = Tuner(qmp)
        load = VerifyingLoad(case, export, 16)
        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] > 0, "fio has connected")
        for copied, words in ((image, ("--flush", source, second)), (out, (second, out))):
            copy = case.spawn("nbdcopy", *words)
            tune_while(copy.running, tuner, daemon, load)
            equal(copy.wait_exit(), 0, f"nbdcopy's status: {copy.stderr}")
            case.run("cmp", source, copied)
        tune_while(lambda: tuner.rounds < ROUNDS, tuner, daemon, load)
        tuner.check_shown()
        equal(len(tuner.seen), sum(map(len, VALUES.values())), "values that were set")
        load.stop()
