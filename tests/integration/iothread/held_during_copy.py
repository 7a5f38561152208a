# SPDX-License-Identifier: Apache-2.0
"""While a copy runs the export holds its thread and object-del is refused; when the export is gone it succeeds."""
import subprocess

from harness import Case, check, equal


def test(case: Case) -> None:
    case.need("nbdcopy", "cmp")
    mib = case.settings.image_mib
    daemon = case.start()
    with daemon.qmp() as qmp:
        source = case.image("source.img", mib, random=True)
        export = case.serve(qmp, case.image("disk.img", mib))
        thread = qmp.execute("query-iothreads")[0]
        data = source.read_bytes()

        copy = case.spawn("nbdcopy", "--flush", "-", export.uri, stdin=subprocess.PIPE)
        copy.stdin.write(data[:len(data) // 2])
        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] == 1, "nbdcopy has connected")
        daemon.until(lambda: daemon.cpu_ns(thread["thread-id"]) > 5_000_000, "the IOThread works")
        holder = {"type": "block-export", "export-name": "e0"}
        equal(qmp.execute("query-iothreads")[0], thread | {"holders": [holder]}, "the thread during the copy")
        refusal = "object 'io0' is in use, can not be deleted: held by block-export 'e0'"
        equal(qmp.refused("object-del", {"id": "io0"}), refusal, "refusal")
        equal(qmp.refused("block-export-del", {"id": "e0"}), "export 'e0' still in use", "refusal")
        copy.stdin.write(data[len(data) // 2:])
        copy.stdin.close()
        equal(copy.wait_exit(), 0, "nbdcopy's status")
        case.run("cmp", source, export.image)

        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] == 0, "nbdcopy has gone")
        equal(qmp.refused("object-del", {"id": "io0"}), refusal, "refusal without a client")
        qmp.events.clear()
        qmp.execute("block-export-del", {"id": "e0"})
        equal([event["event"] for event in qmp.events], ["IOTHREAD_HOLDER_REMOVED", "BLOCK_EXPORT_DELETED"],
              "events before the reply")
        equal(qmp.events[0]["data"], {"iothread": "io0", "holder": holder}, "data of the first")
        equal(qmp.events[1]["data"], {"id": "e0"}, "data of the second")
        equal(qmp.execute("query-iothreads")[0]["holders"], [], "holders when the export is gone")
        equal(qmp.execute("object-del", {"id": "io0"}), {}, "object-del")
        check("IO io0" not in daemon.threads().values(), "the thread still runs")
