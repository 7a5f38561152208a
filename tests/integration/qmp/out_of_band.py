# SPDX-License-Identifier: Apache-2.0
"""Out-of-band commands overtake one that waits and those behind it; at most 8 wait, then reading stops."""
from harness import Case, NbdConnection, check, equal, nbd
from harness.storage import start_nbd_server

LATENCY_NS = 1_500_000_000
QUEUED = 8


def test(case: Case) -> None:
    daemon = case.start()
    qmp = daemon.qmp(enable=("oob",))
    with daemon.qmp() as plain:
        plain.send_raw('{"exec-oob": "query-iothreads", "id": 1}')
        equal(plain.receive()["error"]["desc"], "QMP input member 'exec-oob' is unexpected", "exec-oob without oob")
    case.add_iothread(qmp, "io0")
    qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20, "latency-ns": LATENCY_NS})
    address = start_nbd_server(qmp, case.directory)
    qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0"})

    refused = qmp.send("query-version", how="exec-oob")
    equal(qmp.receive()["error"]["desc"], "The command query-version does not support OOB", "refusal")
    for quick in (QUEUED - 1, QUEUED):
        with NbdConnection(address).go("n0") as client:
            client.send(nbd.request(nbd.CMD_READ, 1, 0, 512))
            blocked(case, qmp, quick, client)
    check(refused > 0, "an id")
    qmp.close()


def blocked(_case: Case, qmp: "QmpClient", quick: int, client: NbdConnection) -> None:  # noqa: F821
    """One command that waits for the read, `quick` behind it, and one out of band."""
    target = "io0" if quick == QUEUED - 1 else None
    slow = qmp.send("x-blockdev-set-iothread", {"node-name": "n0", "iothread": target, "force": True})
    behind = [qmp.send("query-version") for _ in range(quick)]
    urgent = qmp.send("query-iothreads", how="exec-oob")
    order = []
    while len(order) < quick + 2:
        message = qmp.receive()
        if "id" in message:
            order.append(message["id"])
    in_band = [number for number in order if number != urgent]
    equal(in_band, [slow, *behind], "order of the in-band replies")
    if quick < QUEUED:
        equal(order[0], urgent, "the first reply")
    else:
        check(order.index(urgent) > 0, f"{quick} commands were queued, and reading went on: {order}")
    equal(client.chunk(512).error, 0, "error of the read that was waited for")
