# SPDX-License-Identifier: Apache-2.0
"""A file of 1000 bytes is a disk of 1024: zeroes behind its end, and a write there extends it."""
from harness import Case, NbdConnection, equal


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.path("odd.img")
        image.write_bytes(b"x" * 1000)
        export = case.serve(qmp, image)
        equal(qmp.execute("query-named-block-nodes")[0]["image"]["virtual-size"], 1024, "virtual-size")
        with NbdConnection(export.address).go("disk") as client:
            equal(client.size, 1024, "size of the export")
            equal(client.read(0, 1024), b"x" * 1000 + bytes(24), "data")
            equal(client.read(999, 3), b"x\0\0", "three bytes around the end")
            client.write(1010, b"end")
            equal(client.read(990, 34), b"x" * 10 + bytes(10) + b"end" + bytes(11), "data after the write")
            client.disconnect()
        equal(image.read_bytes()[:1013], b"x" * 1000 + bytes(10) + b"end", "the file")
