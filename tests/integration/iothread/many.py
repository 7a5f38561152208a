# SPDX-License-Identifier: Apache-2.0
"""Two hundred IOThreads come and go: listed in the order of their creation, gone without a trace."""
from harness import Case, equal

COUNT = 200


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        idle = daemon.resources()
        order = [f"iothread{(number * 37) % COUNT}" for number in range(COUNT)]
        for name in order:
            case.add_iothread(qmp, name)
        equal([thread["id"] for thread in qmp.execute("query-iothreads")], order, "order of query-iothreads")
        equal(len({thread["thread-id"] for thread in qmp.execute("query-iothreads")}), COUNT, "thread ids")
        for name in order[::2]:
            qmp.execute("object-del", {"id": name})
        equal([thread["id"] for thread in qmp.execute("query-iothreads")], order[1::2], "order of those left")
        for name in order[1::2]:
            qmp.execute("object-del", {"id": name})
        equal(daemon.resources(), idle, "threads and descriptors after the last object-del")
