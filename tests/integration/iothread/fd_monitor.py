# SPDX-License-Identifier: Apache-2.0
"""The iothread property fd-monitor: epoll uses no ring, io_uring uses one, and where there is none it is refused."""
from harness import Case, check, equal


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        def fds_of(kind: str) -> list[str]:
            before = daemon.fds()
            qmp.execute("object-add", {"qom-type": "iothread", "id": "io0", "fd-monitor": kind})
            more = daemon.fds()
            for name in before:
                more.remove(name)
            equal(qmp.execute("qom-get", {"path": "io0", "property": "fd-monitor"}), kind, "fd-monitor")
            qmp.execute("object-del", {"id": "io0"})
            equal(daemon.fds(), before, "descriptors after object-del")
            return more

        ring = "anon_inode:[io_uring]"
        epoll = fds_of("epoll")
        check(ring not in epoll and "anon_inode:[eventpoll]" in epoll, f"descriptors with epoll: {epoll}")
        if not case.has_io_uring:
            check(ring not in fds_of("auto"), "a ring where there is no io_uring")
            desc = qmp.refused("object-add", {"qom-type": "iothread", "id": "io0", "fd-monitor": "io_uring"})
            check("io_uring" in desc, f"the refusal does not name io_uring: {desc}")
            equal(qmp.execute("query-iothreads"), [], "IOThreads after the refusal")
        else:
            check(ring in fds_of("io_uring"), "no ring with fd-monitor=io_uring")
            check(ring in fds_of("auto"), "no ring with fd-monitor=auto where io_uring works")
