# SPDX-License-Identifier: Apache-2.0
"""block-export-del: safe refuses while a client is connected, hard cuts it off; nbd-server-stop cuts off everybody."""
from harness import Case, NbdConnection, State, check, equal, nbd


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 1))
        add = {"type": "nbd", "id": "e0", "node-name": "n0", "name": "disk", "writable": True, "iothread": "io0"}
        other = {"type": "nbd", "id": "e1", "node-name": "n0", "name": "other"}
        qmp.execute("block-export-add", other)
        stays = NbdConnection(export.address).go("other")
        client = NbdConnection(export.address).go("disk")
        before = State.of(daemon, qmp)
        equal(qmp.refused("block-export-del", {"id": "e0"}), "export 'e0' still in use", "refusal")
        before.unchanged(daemon, qmp, "a refused removal")
        equal(client.read(0, 512), bytes(512), "data after the refusal")

        client.send(nbd.request(nbd.CMD_WRITE, 1, 0, 4, data=b"half")[:-2])
        qmp.execute("block-export-del", {"id": "e0", "mode": "hard"})
        client.expect_closed()
        client.close()
        qmp.event("BLOCK_EXPORT_DELETED", {"id": "e0"})
        equal([export["id"] for export in qmp.execute("query-block-exports")], ["e1"], "exports left")
        equal(stays.read(0, 512), bytes(512), "data of the other export's client")
        qmp.execute("block-export-add", add)
        with NbdConnection(export.address).go("disk") as again:
            equal(again.read(0, 4), bytes(4), "half a write has no effect")
            qmp.execute("nbd-server-stop")
            again.expect_closed()
        stays.expect_closed()
        stays.close()
        check(not case.path("nbd.sock").exists(), "the server's socket file is left")
        equal(qmp.execute("query-block-exports"), [], "exports after nbd-server-stop")
        equal(qmp.execute("query-nbd-server")["running"], False, "running")
        equal(sorted(event["data"]["id"] for event in qmp.events if event["event"] == "BLOCK_EXPORT_DELETED"),
              ["e0", "e1"], "events of nbd-server-stop")
