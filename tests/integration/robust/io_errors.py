# SPDX-License-Identifier: Apache-2.0
"""The host refuses a request (file size limit, file cut short by somebody):
an error or zeroes, and the export goes on.
"""
import os

from harness import Case, NbdConnection, check, equal, nbd

MIB = 1 << 20


def test(case: Case) -> None:
    case.need("prlimit")
    daemon = case.start(launcher=("prlimit", f"--fsize={4 * MIB}"))
    with daemon.qmp() as qmp:
        image = case.path("disk.img")
        with open(image, "wb") as file:
            file.truncate(8 * MIB)
        export = case.serve(qmp, image)
        for structured in (False, True):
            with NbdConnection(export.address).go("disk", structured) as client:
                reply = client.command(nbd.CMD_WRITE, 6 * MIB, 4096, data=b"x" * 4096)
                equal(reply.error, nbd.ENOSPC, "error of a write beyond the file size limit (EFBIG)")
                client.write(MIB, b"fits")
                os.truncate(image, 2 * MIB)
                equal(client.read(MIB, 4), b"fits", "data before the new end")
                equal(client.read(5 * MIB, 4096), bytes(4096), "data behind the new end")
                equal(client.read(2 * MIB - 4096, 8192), bytes(8192), "data around the new end")
                os.truncate(image, 8 * MIB)
                equal(client.command(nbd.CMD_FLUSH, 0, 0).error, 0, "flush")
                client.disconnect()
        check(len(qmp.execute("query-block-exports")) == 1, "the export is gone")
