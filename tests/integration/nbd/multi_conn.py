# SPDX-License-Identifier: Apache-2.0
"""multi-conn is advertised and true: what one connection wrote another reads, whatever thread it runs in."""
from harness import Case, NbdConnection, check, equal, nbd


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 4))
        case.add_iothread(qmp, "io1")
        qmp.execute("block-export-add", {"type": "nbd", "id": "both", "node-name": "n0", "name": "both",
                                         "writable": True, "iothread": ["io0", "io1"]})
        holders = {thread["id"]: [holder["export-name"] for holder in thread["holders"]]
                   for thread in qmp.execute("query-iothreads")}
        equal(holders, {"io0": ["both", "e0"], "io1": ["both"]}, "holders")
        names = ("disk", "both", "both", "both", "both")
        clients = [NbdConnection(export.address).go(name) for name in names]
        check(all(client.transmission_flags & nbd.CAN_MULTI_CONN for client in clients), "multi-conn is not advertised")
        for number in range(200):
            writer, reader = clients[number % 5], clients[(number * 3 + 1) % 5]
            writer.write(number * 4096, bytes([number]) * 4096)
            equal(reader.read(number * 4096, 4096), bytes([number]) * 4096, f"block {number} on another connection")
        equal(clients[3].command(nbd.CMD_FLUSH, 0, 0).error, 0, "flush")
        before = {thread["id"]: daemon.cpu_ns(thread["thread-id"]) for thread in qmp.execute("query-iothreads")}
        for client in clients[1:]:
            for _ in range(50):
                client.read(0, 65536)
        for thread in qmp.execute("query-iothreads"):
            grown = daemon.cpu_ns(thread["thread-id"]) - before[thread["id"]]
            check(grown > 200_000, f"connections of 'both' do not use {thread['id']}: {grown} ns")
        for client in clients:
            client.disconnect()
