# SPDX-License-Identifier: Apache-2.0
"""IOTHREAD_STALLED: work that took longer than stall-limit-ns, and whose it was."""
import time
from typing import Any

from harness import Case, NbdConnection, QmpClient, check, equal

SECOND = 1_000_000_000
WATCHED_SECONDS = 2.5


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 1), iothread="io0")
        equal(qmp.execute("qom-get", {"path": "/objects/io0", "property": "stall-limit-ns"}), SECOND, "the default")
        with NbdConnection(export.address).go("disk") as client:
            set_limit(qmp, 1)
            named = until_named(qmp, client)
            equal(named["holder"], {"type": "block-export", "export-name": "e0"}, "whose work it was")
            equal((named["iothread"], named["ns"] > 1), ("io0", True), "what took long")
            end = time.monotonic() + WATCHED_SECONDS
            while time.monotonic() < end:
                client.read(0, 512)
            count = len(take_stalls(qmp))
            check(1 <= count <= 5, f"{count} events in {WATCHED_SECONDS} seconds: one a second is the limit")
            set_limit(qmp, 0)
            before = stalls(qmp)
            client.read(0, 512)
            equal(stalls(qmp), before, "stalls without a limit")
            check(before > 10, f"counted {before}")


def until_named(qmp: QmpClient, client: NbdConnection) -> dict[str, Any]:
    """The first event that names a holder."""
    for _ in range(400):
        client.read(0, 512)
        for event in take_stalls(qmp):
            if "holder" in event["data"]:
                return dict(event["data"])
        time.sleep(.05)
    check(False, "no event names the export")
    return {}


def take_stalls(qmp: QmpClient) -> list[dict[str, Any]]:
    qmp.execute("query-version") # what was sent before has come with the answer
    found = [event for event in qmp.events if event["event"] == "IOTHREAD_STALLED"]
    qmp.events.clear()
    return found


def set_limit(qmp: QmpClient, limit_ns: int) -> None:
    qmp.execute("qom-set", {"path": "/objects/io0", "property": "stall-limit-ns", "value": limit_ns})


def stalls(qmp: QmpClient) -> int:
    return int(qmp.execute("query-iothread-stats")[0]["stalls"])
