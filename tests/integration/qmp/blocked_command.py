# SPDX-License-Identifier: Apache-2.0
"""A command that waits for requests in flight keeps no other client waiting, and is answered after them."""
from harness import Case, NbdConnection, check, equal, nbd
from harness.storage import start_nbd_server

LATENCY_NS = 1_500_000_000


def test(case: Case) -> None:
    daemon = case.start()
    slow, quick = daemon.qmp(), daemon.qmp()
    case.add_iothread(slow, "io0")
    case.add_iothread(slow, "io1")
    slow.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20, "latency-ns": LATENCY_NS})
    slow.execute("x-blockdev-set-iothread", {"node-name": "n0", "iothread": "io0"})
    address = start_nbd_server(slow, case.directory)
    slow.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0"})

    with NbdConnection(address).go("n0") as client:
        client.send(nbd.request(nbd.CMD_READ, 1, 0, 512) + nbd.request(nbd.CMD_READ, 2, 1 << 20, 512))
        equal(
            client.chunk(512).cookie, 2, "the request answered first: past the end, so at once; the other is in flight"
        )
        request = slow.send("x-blockdev-set-iothread", {"node-name": "n0", "iothread": "io1", "force": True})
        for _ in range(3):
            quick.execute("query-iothreads")
        quick.refused("object-del", {"id": "nope"})
        check(not slow.has_reply(), "the command that has to wait was answered before the quick ones")
        slow.reply(request)
        equal(client.chunk(512).error, 0, "error of the read that was waited for")
    threads = {thread["id"]: len(thread["holders"]) for thread in quick.execute("query-iothreads")}
    equal(threads, {"io0": 0, "io1": 2}, "holders after the move")
    slow.close()
    quick.close()
