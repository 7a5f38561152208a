# SPDX-License-Identifier: Apache-2.0
"""nbdcopy copies random data into an export and out again, over a unix socket and over TCP; nothing differs."""
from harness import Case
from harness.storage import nbd_address, uri


def test(case: Case) -> None:
    case.need("nbdcopy", "cmp")
    mib = case.settings.image_mib
    daemon = case.start()
    with daemon.qmp() as qmp:
        source = case.image("source.img", mib, random=True)
        export = case.serve(qmp, case.image("disk.img", mib))
        case.run("nbdcopy", "--flush", source, export.uri)
        case.run("cmp", source, export.image)
        out = case.path("out.img")
        case.run("nbdcopy", export.uri, out)
        case.run("cmp", source, out)
        out.unlink()

        qmp.execute("nbd-server-stop")
        qmp.execute("nbd-server-start", {"addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}})
        qmp.execute(
            "block-export-add", {"type": "nbd", "id": "tcp", "node-name": "n0", "writable": True, "iothread": "io0"}
        )
        over_tcp = uri(nbd_address(qmp), "n0")
        source.write_bytes(source.read_bytes()[::-1])
        case.run("nbdcopy", "--flush", source, over_tcp)
        case.run("nbdcopy", "--connections=4", "--requests=32", over_tcp, out)
        case.run("cmp", source, out)
