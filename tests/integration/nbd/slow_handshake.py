# SPDX-License-Identifier: Apache-2.0
"""A client that is slow in the handshake holds up nobody, and is cut off when its time is over."""
from harness import Case, NbdConnection, equal, nbd
from harness.storage import start_nbd_server


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        case.add_file(qmp, "n0", case.image("disk.img", 1))
        address = start_nbd_server(qmp, case.directory, **{"handshake-max-seconds": 1})
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "iothread": "io0"})
        idle = daemon.resources()
        slow = [NbdConnection(address, flags=None), NbdConnection(address), NbdConnection(address)]
        slow[2].send(nbd.option(nbd.OPT_GO, nbd.go_data("n0"))[:-3])
        with NbdConnection(address).go("n0") as quick:
            equal(quick.read(0, 512), bytes(512), "data that a quick client reads meanwhile")
            for client in slow:
                equal(client.expect_closed(), b"", "what a slow client gets at the end of its time")
                client.close()
            equal(quick.read(0, 512), bytes(512), "data after that time")
        daemon.until_resources(idle, "descriptors afterwards")
