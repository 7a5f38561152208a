# SPDX-License-Identifier: Apache-2.0
"""An IOThread is a kernel thread: thread-id is its TID, its name starts with "IO ", and object-del ends it."""
from harness import Case, Daemon, QmpClient, check, equal

LONG = "a-name-that-is-longer-than-the-kernel-keeps"


def names(daemon: Daemon, qmp: QmpClient) -> dict[str, str]:
    threads = daemon.threads()
    answer = {}
    for info in qmp.execute("query-iothreads"):
        check(info["thread-id"] in threads, f"thread-id {info['thread-id']} is no thread of the daemon: {threads}")
        answer[info["id"]] = threads[info["thread-id"]]
    return answer


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        start = set(daemon.threads())
        case.add_iothread(qmp, "io0")
        equal(names(daemon, qmp), {"io0": "IO io0"}, "kernel names")
        case.add_iothread(qmp, LONG)
        equal(names(daemon, qmp), {"io0": "IO io0", LONG: f"IO {LONG}"[:15]}, "kernel names")
        qmp.execute("object-del", {"id": "io0"})
        equal(names(daemon, qmp), {LONG: f"IO {LONG}"[:15]}, "kernel names")
        qmp.execute("object-del", {"id": LONG})
        equal(set(daemon.threads()), start, "threads when the reply to the last object-del has come")
