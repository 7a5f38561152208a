# SPDX-License-Identifier: Apache-2.0
"""Chardevs, monitors and nodes come and go at the same time: what one waits for is not what another one ended."""
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from harness import Case, QmpClient, check, equal

SECONDS = 1.5


def test(case: Case) -> None:
    daemon = case.start()
    image = case.image("disk.img", 1)

    def terminals(qmp: QmpClient, _: int) -> None:
        backend = {"type": "pty", "data": {}}
        path = qmp.execute("chardev-add", {"id": "p", "backend": backend})["pty"]
        qmp.execute("object-add", {"qom-type": "monitor-hmp", "id": "p", "chardev": "p"})
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        os.write(terminal, b"help\r")
        qmp.execute("object-del", {"id": "p"})
        os.close(terminal)
        qmp.execute("chardev-remove", {"id": "p"})

    def chardevs(backend: Callable[[int], dict[str, Any]]) -> Callable[[QmpClient, int], None]:
        def one_round(qmp: QmpClient, number: int) -> None:
            qmp.execute("chardev-add", {"id": f"c{number}", "backend": backend(number)})
            qmp.execute("chardev-remove", {"id": f"c{number}"})
        return one_round

    def nodes(qmp: QmpClient, number: int) -> None:
        qmp.execute("blockdev-add", {"driver": "file", "node-name": f"n{number}", "filename": str(image),
                                     "read-only": True})
        qmp.execute("blockdev-del", {"node-name": f"n{number}"})

    def log(number: int) -> dict[str, Any]:
        return {"type": "file", "data": {"out": str(case.path(f"log{number}"))}}

    def name(_: int) -> dict[str, Any]:
        address = {"type": "inet", "data": {"host": "localhost", "port": "0"}}
        return {"type": "socket", "data": {"addr": address, "wait": False}}

    for work in (chardevs(log), nodes, chardevs(name)):
        rounds = run(daemon.qmp, (terminals, work, work))
        check(min(rounds) > 0, f"rounds: {rounds}")
        check(daemon.running(), "the daemon died")
        with daemon.qmp() as qmp:
            equal([entry["label"] for entry in qmp.execute("query-chardev")], ["qmp"], "chardevs afterwards")
            equal(qmp.execute("query-named-block-nodes"), [], "nodes afterwards")


def run(connect: Callable[[], QmpClient], works: tuple[Callable[[QmpClient, int], None], ...]) -> list[int]:
    """Each with a client of its own, until the time is over; how many rounds each of them did."""
    end = time.monotonic() + SECONDS
    rounds = [0] * len(works)
    failures: list[BaseException] = []

    def repeat(number: int) -> None:
        try:
            with connect() as qmp:
                while time.monotonic() < end:
                    works[number](qmp, number)
                    rounds[number] += 1
        except BaseException as failure:  # pylint: disable=broad-exception-caught
            failures.append(failure)

    threads = [threading.Thread(target=repeat, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return rounds
