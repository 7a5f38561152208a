# SPDX-License-Identifier: Apache-2.0
"""A client that disappears after any byte of its dialogue: half a request has no effect, and nothing is left of it."""
import socket
import struct

from harness import Case, NbdConnection, State, check, equal, nbd

READ = nbd.request(nbd.CMD_READ, 1, 0, 4096)
WRITE = nbd.request(nbd.CMD_WRITE, 2, 8192, 64, data=b"w" * 64)
DIALOGUE = (struct.pack(">I", 3) + nbd.option(nbd.OPT_STRUCTURED_REPLY) + nbd.option(nbd.OPT_INFO, nbd.go_data("disk"))
            + nbd.option(nbd.OPT_GO, nbd.go_data("disk", (nbd.INFO_BLOCK_SIZE,))) + READ + WRITE + READ)


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1)
        export = case.serve(qmp, image)
        before = State.of(daemon, qmp)
        for reset in (False, True):
            for length in range(len(DIALOGUE) - len(READ) - len(WRITE)):
                cut(export.address, DIALOGUE[:length], reset)
            with NbdConnection(export.address).go("disk") as client:
                for length in range(1, len(WRITE)):
                    with NbdConnection(export.address).go("disk", structured=True) as other:
                        other.send(READ + WRITE[:length])
                equal(client.read(8192, 64), bytes(64), "what half a write left")
        before.unchanged(daemon, qmp, "connections cut at every byte")
        with NbdConnection(export.address, flags=None) as client: # this one says no more, but hears the answers
            client.send(DIALOGUE)
            client.socket.shutdown(socket.SHUT_WR)
            client.expect_closed()
        equal(image.read_bytes()[8192:8256], b"w" * 64, "a whole write before the end")
        check(image.read_bytes()[:8192] == bytes(8192), "something else was written")


def cut(address: str | tuple[str, int], data: bytes, reset: bool) -> None:
    """Send and go: with the greeting read (a clean end), or not (the server sees a reset)."""
    client = NbdConnection(address, flags=None)
    client.send(data)
    if not reset:
        client.socket.setblocking(False)
        try:
            client.socket.recv(1 << 16)
        except BlockingIOError:
            pass
    client.close()
