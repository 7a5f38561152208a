# SPDX-License-Identifier: Apache-2.0
"""x-blockdev-set-iothread moves a node and its export to and fro while a client writes and verifies:
nothing is lost.
"""
from harness import Case, QmpClient, equal
from harness.load import VerifyingLoad

MOVES = 40


def holders(qmp: QmpClient) -> dict[str, list[str]]:
    return {thread["id"]: sorted(holder["type"] for holder in thread["holders"])
            for thread in qmp.execute("query-iothreads")}


def test(case: Case) -> None:
    case.need("fio")
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 64), iothread=None)
        for name in ("io0", "io1"):
            case.add_iothread(qmp, name)
        tids = {thread["id"]: thread["thread-id"] for thread in qmp.execute("query-iothreads")}
        tids["main"] = daemon.pid
        equal(holders(qmp), {"io0": [], "io1": []}, "holders before")
        load = VerifyingLoad(case, export, 64)
        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] > 0, "fio has connected")
        for move in range(MOVES):
            target = ("io0", "io1", None)[move % 3]
            qmp.execute("x-blockdev-set-iothread", {"node-name": "n0", "iothread": target, "force": True})
            both = ["block-export", "block-node"]
            equal(holders(qmp), {name: both if name == target else [] for name in ("io0", "io1")}, "holders")
            equal(
                qmp.execute("query-block-exports")[0]["iothreads"], [target] if target else [], "the export's threads"
            )
            tid = tids[target or "main"]
            before = daemon.cpu_ns(tid)
            daemon.until(lambda tid=tid, before=before: daemon.cpu_ns(tid) > before + 2_000_000 or load.check_running(),
                         f"I/O goes on in {target}")
        load.stop()
        qmp.execute("x-blockdev-set-iothread", {"node-name": "n0", "iothread": None, "force": True})
        equal(holders(qmp), {"io0": [], "io1": []}, "holders after the last move")
