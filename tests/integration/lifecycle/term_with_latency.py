# SPDX-License-Identifier: Apache-2.0
"""SIGTERM waits for a request that takes long; a second signal does not make it worse."""
import signal

from harness import Case, NbdConnection, equal, nbd
from harness.storage import start_nbd_server


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "latency-ns": 700_000_000})
        address = start_nbd_server(qmp, case.directory)
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "iothread": "io0"})
        with NbdConnection(address).go("n0") as client:
            client.send(nbd.request(nbd.CMD_READ, 1, 0, 512) + nbd.request(nbd.CMD_READ, 2, 1 << 30, 512))
            equal(client.chunk(512).cookie, 2, "the request answered first: past the end; the other is in flight")
            daemon.signal(signal.SIGTERM)
            qmp.event("SHUTDOWN")
            if daemon.running():
                daemon.signal(signal.SIGTERM)
            answer = client.chunk(512)
            equal((answer.cookie, answer.error), (1, 0), "the answer to what was in flight")
            client.expect_closed()
            daemon.expect_exit()
