# SPDX-License-Identifier: Apache-2.0
"""--daemonize: the parent ends with 0 when everything listens, with 1 and the error when it does not."""
import os
import select
import signal
from pathlib import Path

from harness import Case, NbdConnection, QmpClient, check, equal
from harness.daemon import sanitizer_environment
from harness.process import adopt_orphans


def test(case: Case) -> None:
    pidfile, monitor, nbd = case.path("pid"), case.path("qmp.sock"), case.path("nbd.sock")
    case.image("disk.img", 1)
    options = ("--chardev", f"socket,id=c,path={monitor},server=on", "--monitor", "c", "--object", "iothread,id=io0",
               "--blockdev", "file,node-name=n0,filename=disk.img", "--nbd-server", f"addr.type=unix,addr.path={nbd}")
    failed = case.run(case.settings.daemon, "--daemonize", *options, "--export", "nbd,id=e0,node-name=nope", status=1)
    equal(
        failed.stderr, "iothreadd: --export nbd,id=e0,node-name=nope: Cannot find device='' nor node-name='nope'\n",
        "stderr"
    )
    case.check_no_sockets()

    adopt_orphans() # to see its status
    done = case.run(case.settings.daemon, "--daemonize", "--pidfile", pidfile, *options, "--export",
                    "nbd,id=e0,node-name=n0,name=disk,iothread=io0", env=sanitizer_environment())
    equal(done.stdout + done.stderr, "", "output of the parent")
    pid = int(pidfile.read_text())
    ended = os.pidfd_open(pid)
    status = None
    try:
        look(pid)
        with QmpClient(monitor) as qmp, NbdConnection(str(nbd)).go("disk") as client:
            equal(len(client.read(0, 4096)), 4096, "bytes")
            thread = qmp.execute("query-iothreads")[0]
            equal(Path(f"/proc/{pid}/task/{thread['thread-id']}/comm").read_text(), "IO io0\n", "thread name")
        os.kill(pid, signal.SIGTERM)
        check(select.select([ended], [], [], 30)[0], "still running after SIGTERM")
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        if status is None:
            signal.pidfd_send_signal(ended, signal.SIGKILL)
        os.close(ended)
    equal(status, 0, "status of the daemon")
    check(not pidfile.exists(), "the pid file is left")


def look(pid: int) -> None:
    """A session of its own, / as directory, /dev/null as the three streams."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    check(int(fields[3]) not in (0, os.getsid(0)), "the daemon is in our session")
    equal(os.readlink(f"/proc/{pid}/cwd"), "/", "working directory")
    equal([os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)], ["/dev/null"] * 3, "streams")
    umask = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Umask:"))
    equal(umask.split()[1], "0027", "umask")
