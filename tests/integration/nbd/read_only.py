# SPDX-License-Identifier: Apache-2.0
"""A read-only export is read by everybody and refuses to change: EPERM, and the connection goes on."""
from harness import Case, NbdConnection, check, equal, nbd


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1, random=True)
        data = image.read_bytes()
        export = case.serve(qmp, image, writable=False, node={"read_only": True})
        qmp.refused("block-export-add", {"type": "nbd", "id": "w", "node-name": "n0", "name": "w", "writable": True},
                    text="Cannot export read-only node as writable")
        for structured in (False, True):
            with NbdConnection(export.address).go("disk", structured) as client:
                check(client.transmission_flags & nbd.READ_ONLY, f"flags {client.transmission_flags:#x}")
                for command in (nbd.CMD_WRITE, nbd.CMD_TRIM, nbd.CMD_WRITE_ZEROES):
                    payload = b"x" * 4096 if command == nbd.CMD_WRITE else b""
                    equal(
                        client.command(command, 0, 4096, data=payload).error, nbd.EPERM, f"error of command {command}"
                    )
                    equal(client.read(4096, 4096), data[4096:8192], "data after a refusal")
                equal(client.command(nbd.CMD_FLUSH, 0, 0).error, 0, "flush")
                client.disconnect()
        equal(image.read_bytes(), data, "the file")
