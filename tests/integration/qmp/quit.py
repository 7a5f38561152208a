# SPDX-License-Identifier: Apache-2.0
"""quit: every client sees SHUTDOWN and the end of its connection; status 0, no file is left."""
from harness import Case, check, equal


def test(case: Case) -> None:
    pidfile = case.path("pid")
    daemon = case.start("--pidfile", str(pidfile))
    asking, watching, silent = daemon.qmp(), daemon.qmp(), daemon.qmp(negotiate=False)
    case.serve(asking, case.image("disk.img", 1))
    check(pidfile.exists(), "no pid file")

    request = asking.send("quit")
    asking.reply(request)
    shutdown = asking.event("SHUTDOWN")
    equal(shutdown["data"], {"guest": False, "reason": "host-qmp-quit"}, "data of SHUTDOWN")
    watching.event("SHUTDOWN", {"guest": False, "reason": "host-qmp-quit"})
    watching.event("BLOCK_EXPORT_DELETED", {"id": "e0"})
    for client in (asking, watching, silent):
        client.expect_closed()
        client.close()
    daemon.expect_exit()
    check(not pidfile.exists(), "the pid file is still there")
    case.check_no_sockets()
