# SPDX-License-Identifier: Apache-2.0
"""File locks, understood as QEMU's tools do: who does not share writing keeps us out,
and we keep out who would resize.
"""
import fcntl
import os
import struct

from harness import Case, QmpError, State, check

NOT_SHARED = 200 # the byte that says: I do not share this permission
WRITE = 1


def test(case: Case) -> None:
    case.need("qemu-img")
    image = case.image("disk.img", 1)
    daemon = case.start()
    with daemon.qmp() as qmp:
        before = State.of(daemon, qmp)
        with open(image, "r+b") as other:
            lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, NOT_SHARED + WRITE, 1, 0)
            fcntl.fcntl(other, fcntl.F_OFD_SETLK, lock)
            qmp.execute("nbd-server-start", {"addr": {"type": "unix", "data": {"path": str(case.path("nbd.sock"))}}})
            text = 'Failed to get "write" lock'
            node = {"driver": "file", "node-name": "n0", "filename": str(image)}
            try:
                qmp.execute("blockdev-add", node)
            except QmpError as error:
                check(text in error.desc, error.desc)
            else: # then the lock is taken when the first writer comes
                export = {"type": "nbd", "id": "e0", "node-name": "n0", "writable": True}
                qmp.refused("block-export-add", export, text=text)
                qmp.execute("blockdev-del", {"node-name": "n0"})
            qmp.execute("nbd-server-stop")
            before.unchanged(daemon, qmp, "an image in use")
        case.serve(qmp, image)
        check("lock" in case.run("qemu-img", "resize", "-f", "raw", image, "2M", status=1).stderr, "qemu-img's message")
