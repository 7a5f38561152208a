# SPDX-License-Identifier: Apache-2.0
"""Beyond max-connections clients wait their turn; the place of one that left is taken by the next."""
import select

from harness import Case, NbdConnection, check, equal
from harness.storage import start_nbd_server


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        case.add_file(qmp, "n0", case.image("disk.img", 1))
        address = start_nbd_server(qmp, case.directory, **{"max-connections": 2})
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "iothread": "io0"})
        first, second = NbdConnection(address).go("n0"), NbdConnection(address).go("n0")
        equal(qmp.execute("query-nbd-server")["connections"], 2, "connections")

        waiting = case.spawn("nbdinfo", "--size", f"nbd+unix:///n0?socket={address}")
        qmp.execute("query-nbd-server") # a pass of the main loop later it still waits
        check(not select.select([waiting.pidfd], [], [], 0.3)[0], "a third client was served")
        equal(second.read(0, 512), bytes(512), "data")
        first.disconnect()
        equal(waiting.wait_exit(), 0, f"the client that waited: {waiting.stderr}")
        second.disconnect()
