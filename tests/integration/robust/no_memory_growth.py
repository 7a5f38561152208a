# SPDX-License-Identifier: Apache-2.0
"""A thousand connections, commands, exports and threads later the daemon is as small as after the first hundred."""
from harness import Case, NbdConnection, QmpClient, check, equal

ROUNDS = 100
ALLOWED_MIB = 16


def one_round(case: Case, qmp: QmpClient, address: str | tuple[str, int]) -> None:
    case.add_iothread(qmp, "io1")
    qmp.execute("block-export-add", {"type": "nbd", "id": "e1", "node-name": "n0", "name": "again", "iothread": "io1"})
    with NbdConnection(address).go("again") as client:
        equal(len(client.read(0, 65536)), 65536, "bytes")
        qmp.execute("block-export-del", {"id": "e1", "mode": "hard"})
        client.expect_closed()
    qmp.refused("object-add", {"qom-type": "iothread", "id": "io1"})
    qmp.execute("object-del", {"id": "io1"})


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 1))
        idle = daemon.resources()
        for _ in range(ROUNDS):
            one_round(case, qmp, export.address)
        before = daemon.resident_bytes()
        for _ in range(3 * ROUNDS):
            one_round(case, qmp, export.address)
        grown = (daemon.resident_bytes() - before) >> 20
        check(grown < ALLOWED_MIB, f"{grown} MiB more after {3 * ROUNDS} rounds")
        daemon.until_resources(idle, "threads and descriptors afterwards")
