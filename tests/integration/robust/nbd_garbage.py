# SPDX-License-Identifier: Apache-2.0
"""Clients that send garbage lose their connection; a client beside them reads on, and nothing is left of them."""
import random
import socket

from harness import Case, NbdConnection, State, equal, nbd

CLIENTS = 150


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1, random=True)
        data = image.read_bytes()
        export = case.serve(qmp, image)
        with NbdConnection(export.address).go("disk") as beside:
            before = State.of(daemon, qmp)
            for magic in (0, 0x25609514, 0x67446698, 0x21E41C71, 0xFFFFFFFF):
                with NbdConnection(export.address).go("disk") as client:
                    client.send(nbd.request(nbd.CMD_READ, 1, 0, 512, magic=magic))
                    client.expect_closed()
                equal(beside.read(0, 512), data[:512], f"data beside a client with magic {magic:#x}")
            dice = random.Random(5)
            for number in range(CLIENTS):
                with NbdConnection(export.address, flags=None if number % 3 == 0 else 3) as client:
                    if number % 3 == 2:
                        client.go("disk", structured=bool(number % 2))
                    try:
                        client.send(dice.randbytes(dice.choice((1, 16, 28, 100, 100000))))
                        client.socket.shutdown(socket.SHUT_WR)
                    except (BrokenPipeError, ConnectionResetError, OSError):
                        pass # it has hung up already, as it may
                    client.expect_closed()
                equal(beside.read(4096, 512), data[4096:4608], "data beside garbage")
            before.unchanged(daemon, qmp, "garbage")
        equal(image.read_bytes(), data, "the file")
