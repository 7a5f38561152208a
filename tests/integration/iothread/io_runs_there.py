# SPDX-License-Identifier: Apache-2.0
"""I/O of an export runs in the export's thread: its processor time grows;
the other IOThread and the main thread idle.
"""
from harness import Case, check


def test(case: Case) -> None:
    case.need("qemu-img")
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "idle")
        export = case.serve(qmp, case.image("disk.img", 64, random=True))
        threads = {thread["id"]: thread["thread-id"] for thread in qmp.execute("query-iothreads")}
        threads["main"] = daemon.pid
        before = {name: daemon.cpu_ns(tid) for name, tid in threads.items()}
        for _ in range(3):
            case.run("qemu-img", "bench", "-f", "raw", "-c", "4000", "-d", "16", "-s", "16384", export.uri)
        spent = {name: daemon.cpu_ns(tid) - before[name] for name, tid in threads.items()}
        for other in ("idle", "main"):
            check(spent["io0"] > 5 * spent[other], f"processor time in ns: {spent}")
