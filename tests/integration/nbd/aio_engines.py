# SPDX-License-Identifier: Apache-2.0
"""Every pair of fd-monitor and aio serves the same data; where there is no io_uring, asking for it is refused."""
import itertools

from harness import Case, NbdConnection, State, equal, nbd
from harness.storage import start_nbd_server

MONITORS, AIOS = ("auto", "io_uring", "epoll"), (None, "io_uring", "threads")


def test(case: Case) -> None:
    daemon = case.start()
    image = case.image("disk.img", 4, random=True)
    with daemon.qmp() as qmp:
        address = start_nbd_server(qmp, case.directory)
        before = State.of(daemon, qmp)
        for monitor, aio in itertools.product(MONITORS, AIOS):
            what = f"fd-monitor={monitor} aio={aio}"
            thread = {"qom-type": "iothread", "id": "io0", "fd-monitor": monitor}
            node = {"driver": "file", "node-name": "n0", "filename": str(image)} | ({"aio": aio} if aio else {})
            if not case.has_io_uring and "io_uring" in (monitor, aio):
                if monitor == "io_uring":
                    qmp.refused("object-add", thread, text="io_uring")
                if aio == "io_uring":
                    qmp.refused("blockdev-add", node, text="aio=io_uring was specified, but is not available")
                before.unchanged(daemon, qmp, what)
                continue
            qmp.execute("object-add", thread)
            qmp.execute("blockdev-add", node)
            qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "writable": True,
                                             "iothread": "io0"})
            data = bytearray(image.read_bytes())
            with NbdConnection(address).go("n0") as client:
                equal(client.read(0, len(data)), bytes(data), f"data with {what}")
                client.write(100, what.encode(), nbd.FLAG_FUA)
                equal(client.command(nbd.CMD_WRITE_ZEROES, 8192, 4096).error, 0, f"zeroes with {what}")
                equal(client.command(nbd.CMD_FLUSH, 0, 0).error, 0, f"flush with {what}")
                client.disconnect()
            data[100:100 + len(what)], data[8192:12288] = what.encode(), bytes(4096)
            equal(image.read_bytes(), bytes(data), f"the file with {what}")
            qmp.execute("block-export-del", {"id": "e0", "mode": "hard"})
            qmp.execute("blockdev-del", {"node-name": "n0"})
            qmp.execute("object-del", {"id": "io0"})
        before.unchanged(daemon, qmp, "all pairs")
