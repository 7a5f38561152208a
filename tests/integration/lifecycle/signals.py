# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, SIGINT and SIGHUP end the daemon in order: events to every client, then the end of each, status 0,
no file.
"""
import signal

from harness import Case, NbdConnection, check, equal


def test(case: Case) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        pidfile = case.path("pid")
        daemon = case.start("--pidfile", str(pidfile))
        qmp, silent = daemon.qmp(), daemon.qmp(negotiate=False)
        export = case.serve(qmp, case.image("disk.img", 1))
        client = NbdConnection(export.address).go("disk")
        client.read(0, 512)
        daemon.signal(number)
        events = [(event["event"], event.get("data")) for event in qmp.expect_closed()]
        check(("SHUTDOWN", {"guest": False, "reason": "host-signal"}) in events, f"events after {number!r}: {events}")
        holder = {"iothread": "io0", "holder": {"type": "block-export", "export-name": "e0"}}
        equal([event for event in events if event[0] != "SHUTDOWN"],
              [("IOTHREAD_HOLDER_REMOVED", holder), ("BLOCK_EXPORT_DELETED", {"id": "e0"})], f"events after {number!r}")
        silent.expect_closed()
        client.expect_closed()
        daemon.expect_exit()
        check(not pidfile.exists(), "the pid file is left")
        case.check_no_sockets()
        for open_end in (qmp, silent, client):
            open_end.close()
