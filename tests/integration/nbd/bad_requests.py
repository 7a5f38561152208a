# SPDX-License-Identifier: Apache-2.0
"""Requests that cannot be served get the protocol's error, simple or structured, and the connection goes on."""
from harness import Case, NbdConnection, State, equal, nbd

SIZE = 1 << 20
HUGE = (1 << 64) - 4096
# command, offset, length, flags, payload, error
REQUESTS = [
    (nbd.CMD_READ, SIZE, 512, 0, 0, nbd.EINVAL),
    (nbd.CMD_READ, SIZE - 512, 1024, 0, 0, nbd.EINVAL),
    (nbd.CMD_READ, HUGE, 8192, 0, 0, nbd.EINVAL),
    (nbd.CMD_READ, 0, nbd.MAX_PAYLOAD + 1, 0, 0, nbd.EINVAL),
    (nbd.CMD_READ, 0, 0xFFFFFFFF, 0, 0, nbd.EINVAL),
    (nbd.CMD_WRITE, SIZE, 512, 0, 512, nbd.ENOSPC),
    (nbd.CMD_WRITE, SIZE - 512, 1024, 0, 1024, nbd.ENOSPC),
    (nbd.CMD_WRITE, HUGE, 4096, 0, 4096, nbd.EINVAL),
    (nbd.CMD_WRITE_ZEROES, SIZE, 4096, 0, 0, nbd.ENOSPC),
    (nbd.CMD_WRITE_ZEROES, 0, 0xFFFFFFFF, 0, 0, nbd.ENOSPC),
    (nbd.CMD_TRIM, SIZE, 4096, 0, 0, nbd.EINVAL),
    (99, 0, 0, 0, 0, nbd.EINVAL),
    (nbd.CMD_READ, 0, 512, nbd.FLAG_NO_HOLE, 0, nbd.EINVAL),
    (nbd.CMD_WRITE, 0, 512, nbd.FLAG_FAST_ZERO, 512, nbd.EINVAL),
    (nbd.CMD_READ, 0, 512, 1 << 14, 0, nbd.EINVAL),
    (7, 0, 512, 0, 0, nbd.EINVAL), # BLOCK_STATUS without a context
]


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1, random=True)
        data = image.read_bytes()
        export = case.serve(qmp, image)
        before = State.of(daemon, qmp)
        for structured in (False, True):
            with NbdConnection(export.address).go("disk", structured) as client:
                for command, offset, length, flags, payload, error in REQUESTS:
                    what = f"command {command} at {offset:#x}+{length} flags {flags}"
                    equal(client.command(command, offset, length, flags, b"x" * payload).error, error, f"{what}: error")
                    equal(client.read(4096, 512), data[4096:4608], f"read after {what}")
                for command in (nbd.CMD_READ, nbd.CMD_WRITE, nbd.CMD_TRIM, nbd.CMD_WRITE_ZEROES):
                    equal(client.command(command, 4096, 0).error, 0, f"command {command} of length 0: error")
                client.disconnect()
        with NbdConnection(export.address).go("disk") as client: # too large to be read off: an error and the end
            client.send(nbd.request(nbd.CMD_WRITE, 1, 0, nbd.MAX_PAYLOAD + 1))
            client.expect_closed()
        equal(image.read_bytes(), data, "the file")
        before.unchanged(daemon, qmp, "bad requests")
