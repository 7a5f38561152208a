# SPDX-License-Identifier: Apache-2.0
"""qmp-shell -e waits for events, and counts those that come before the answer of the command that caused them."""
import signal
import subprocess

from harness import Case, check, equal, tools
from harness.storage import start_nbd_server


def test(case: Case) -> None:
    daemon = case.start()
    assert daemon.monitor is not None
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0"})
        start_nbd_server(qmp, case.directory)
        add = "block-export-add type=nbd id=e0 node-name=n0 iothread=io0"

        done = tools.run(case, "qmp-shell", daemon.monitor, "-c", add, "-c", "block-export-del id=e0",
                         "-e", "BLOCK_EXPORT_DELETED", "-e", "IOTHREAD_HOLDER_ADDED", "--timeout", "10")
        names = [value["event"] for value in tools.values(done) if "event" in value]
        equal(names, ["IOTHREAD_HOLDER_ADDED", "BLOCK_EXPORT_DELETED"], "events, in the order in which they came")

        done = tools.run(case, "qmp-shell", daemon.monitor, "-e", "NEVER", "--timeout", "0.2", status=3)
        equal((done.stdout, done.stderr), ("", "no event NEVER within 0.2 s\n"), "when the time runs out")
        tools.run(case, "qmp-shell", daemon.monitor, "-c", "nope", "-e", "NEVER", status=1)

        waiting = case.spawn(*tools.argv(case, "qmp-shell", daemon.monitor, "-r", "-c", "query-version",
                                         "-e", "IOTHREAD_HOLDER_ADDED"), stdout=subprocess.PIPE)
        assert waiting.popen.stdout is not None
        check(b"qemu" in waiting.popen.stdout.readline(), "no answer before the event") # it is connected by then
        tools.shell(case, daemon.monitor, add)
        check(b"IOTHREAD_HOLDER_ADDED" in waiting.popen.stdout.readline(), "the event that another client causes")
        equal(waiting.wait_exit(), 0, "status after the event")

        interrupted = case.spawn(*tools.argv(case, "qmp-shell", daemon.monitor, "-r", "-c", "query-version",
                                             "-e", "NEVER"), stdout=subprocess.PIPE)
        assert interrupted.popen.stdout is not None
        interrupted.popen.stdout.readline()
        interrupted.signal(signal.SIGINT)
        equal(interrupted.wait_exit(), 130, "status after Ctrl-C")
        equal(interrupted.stderr, "", "what it says about that")

        gone = case.spawn(*tools.argv(case, "qmp-shell", daemon.monitor, "-c", "query-version", "-r", "-e", "NEVER"),
                          stdout=subprocess.PIPE)
        assert gone.popen.stdout is not None
        gone.popen.stdout.readline()
        daemon.signal(signal.SIGTERM)
        equal(gone.wait_exit(), 2, "status when the server ends")
        check("closed the connection" in gone.stderr, gone.stderr)
    daemon.wait_exit()
