# SPDX-License-Identifier: Apache-2.0
"""Clients that ask for much and read nothing: the others are served, and hanging up gives everything back."""
from harness import Case, NbdConnection, State, check, equal, nbd

MIB = 1 << 20
GREEDY = 8


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 64, random=True))
        before = State.of(daemon, qmp)
        resident = daemon.resident_bytes()
        greedy = [NbdConnection(export.address).go("disk") for _ in range(GREEDY)]
        for client in greedy:
            client.send(b"".join(nbd.request(nbd.CMD_READ, cookie, 0, 32 * MIB) for cookie in range(64)))
        data = export.image.read_bytes()
        with NbdConnection(export.address).go("disk") as client:
            for number in range(64):
                equal(client.read(number * MIB, 4096), data[number * MIB:number * MIB + 4096], "data beside them")
            client.disconnect()
        # 16 requests in flight of 32 MiB each would be the limit per connection; it has to stay well below that
        grown = daemon.resident_bytes() - resident
        check(grown < GREEDY * 16 * 32 * MIB // 2, f"{grown >> 20} MiB for {GREEDY} clients that do not read")
        for client in greedy:
            client.close()
        before.unchanged(daemon, qmp, "clients that read nothing")
