# SPDX-License-Identifier: Apache-2.0
"""TRIM and WRITE_ZEROES free blocks of the file with discard=unmap only, and zeroes read as zeroes either way."""
from harness import Case, NbdConnection, Skip, check, equal, nbd

MIB = 1 << 20


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        for discard in ("ignore", "unmap"):
            image = case.image("disk.img", 8, random=True)
            full = image.stat().st_blocks
            export = case.serve(qmp, image, node={"discard": discard})
            with NbdConnection(export.address).go("disk") as client:
                equal(client.command(nbd.CMD_TRIM, 0, 2 * MIB).error, 0, "trim")
                equal(client.command(nbd.CMD_FLUSH, 0, 0).error, 0, "flush")
                trimmed = full - image.stat().st_blocks
                if discard == "unmap" and trimmed == 0:
                    raise Skip("no holes can be punched into files here")
                equal(trimmed, 2 * MIB // 512 if discard == "unmap" else 0, f"blocks freed by TRIM with {discard}")
                equal(client.command(nbd.CMD_WRITE_ZEROES, 4 * MIB, MIB, nbd.FLAG_NO_HOLE).error, 0, "zeroes, no hole")
                equal(full - image.stat().st_blocks, trimmed, "blocks freed by WRITE_ZEROES with NO_HOLE")
                equal(client.command(nbd.CMD_WRITE_ZEROES, 5 * MIB, MIB, nbd.FLAG_FUA).error, 0, "zeroes")
                freed = full - image.stat().st_blocks - trimmed
                equal(freed, MIB // 512 if discard == "unmap" else 0, f"blocks freed by WRITE_ZEROES with {discard}")
                equal(client.read(4 * MIB, 2 * MIB), bytes(2 * MIB), "what was zeroed")
                check(any(client.read(6 * MIB, 4096)), "what was not zeroed is")
                client.disconnect()
            daemon.remove_everything()
