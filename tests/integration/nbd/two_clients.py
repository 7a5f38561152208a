# SPDX-License-Identifier: Apache-2.0
"""Two clients write to halves of one export at the same time; each sees the other's data after its end."""
from harness import Case, equal


def test(case: Case) -> None:
    case.need("qemu-io", "nbdcopy", "cmp")
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 32))
        qmp.execute("block-export-add", {"type": "nbd", "id": "e1", "node-name": "n0", "name": "again",
                                         "writable": True, "iothread": "io0"})
        second = export.uri.replace("/disk?", "/again?")
        rounds = range(40)
        writers = [case.spawn("qemu-io", "-f", "raw", *(word for number in rounds for word in (
            "-c", f"aio_write -P {base + number} {base // 64 * 16384 + number * 256}k 256k")), "-c", "aio_flush", uri)
            for base, uri in ((0, export.uri), (64, second))]
        for writer in writers:
            equal(writer.wait_exit(), 0, f"status: {writer.stderr}")
        for base, uri in ((0, second), (64, export.uri)):
            reads = [word for number in rounds for word in (
                "-c", f"read -P {base + number} {base // 64 * 16384 + number * 256}k 256k")]
            done = case.run("qemu-io", "-f", "raw", *reads, uri)
            equal(done.stdout.count("Pattern verification failed"), 0, f"patterns of base {base}")
        copies = [case.spawn("nbdcopy", uri, case.path(name)) for name, uri in (("a", export.uri), ("b", second))]
        for copy in copies:
            equal(copy.wait_exit(), 0, f"status: {copy.stderr}")
        case.run("cmp", case.path("a"), case.path("b"))
        case.run("cmp", case.path("a"), export.image)
