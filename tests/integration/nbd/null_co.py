# SPDX-License-Identifier: Apache-2.0
"""A null-co node of a terabyte: reads are zeroes and never our own memory, writes go nowhere,
size is what was asked.
"""
from harness import Case, NbdConnection, equal, nbd
from harness.storage import start_nbd_server

SIZE = 1 << 40


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": SIZE})
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "default"})
        address = start_nbd_server(qmp, case.directory, tcp=True)
        for node in ("n0", "default"):
            qmp.execute(
                "block-export-add", {"type": "nbd", "id": node, "node-name": node, "writable": True, "iothread": "io0"}
            )
        with NbdConnection(address).go("n0") as client:
            equal(client.size, SIZE, "size")
            client.write(0, b"secret" * 1000)
            equal(client.read(0, 6000), bytes(6000), "data")
            equal(client.read(SIZE - 4096, 4096), bytes(4096), "data at the end")
            equal(client.command(nbd.CMD_FLUSH, 0, 0).error, 0, "flush")
            client.disconnect()
        with NbdConnection(address).go("default") as client:
            equal(client.size, 1 << 30, "default size")
            client.disconnect()
        image = {node["node-name"]: node["image"]["virtual-size"] for node in qmp.execute("query-named-block-nodes")}
        equal(image, {"n0": SIZE, "default": 1 << 30}, "virtual-size")
