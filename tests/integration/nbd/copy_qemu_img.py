# SPDX-License-Identifier: Apache-2.0
"""qemu-img converts random data into an export (TCP) and out again (unix socket); cmp and qemu-img compare agree."""
from harness import Case
from harness.storage import nbd_address, uri


def test(case: Case) -> None:
    case.need("qemu-img", "cmp")
    mib = case.settings.image_mib
    daemon = case.start()
    with daemon.qmp() as qmp:
        source = case.image("source.img", mib, random=True)
        export = case.serve(qmp, case.image("disk.img", mib), tcp=True)
        case.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source, export.uri)
        case.run("cmp", source, export.image)
        case.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, export.uri)

        qmp.execute("nbd-server-stop")
        qmp.execute("nbd-server-start", {"addr": {"type": "unix", "data": {"path": str(case.path("nbd.sock"))}}})
        qmp.execute("block-export-add", {"type": "nbd", "id": "unix", "node-name": "n0", "iothread": "io0"})
        out = case.path("out.img")
        case.run("qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "raw", uri(nbd_address(qmp), "n0"), out)
        case.run("cmp", source, out)
