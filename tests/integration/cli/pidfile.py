# SPDX-License-Identifier: Apache-2.0
"""--pidfile: the daemon's pid, mode 0600, locked for its life, gone at its end; a second daemon is refused."""
import fcntl
import os

from harness import Case, check, equal


def test(case: Case) -> None:
    pidfile, unused = case.path("pid"), case.path("unused")
    daemon = case.start("--pidfile", str(unused), "--pidfile", str(pidfile))
    check(not unused.exists(), "the first --pidfile counts, not the last")
    equal(pidfile.read_text(), f"{daemon.pid}\n", "content")
    equal(oct(pidfile.stat().st_mode & 0o7777), "0o600", "mode")
    with open(pidfile, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
        else:
            raise AssertionError("the pid file is not locked")
    second = case.run(case.settings.daemon, "--object", "iothread,id=io0", "--pidfile", pidfile, status=1)
    check(
        "cannot create PID file: Cannot lock pid file: Resource temporarily unavailable" in second.stderr, second.stderr
    )
    equal(len(second.stderr.splitlines()), 1, "lines on stderr")
    equal(pidfile.read_text(), f"{daemon.pid}\n", "content after the refusal")
    daemon.qmp().close()
    daemon.finish()
    check(not pidfile.exists(), "the pid file is left")

    pidfile.write_text("4711\n") # from a daemon that was killed
    os.chmod(pidfile, 0o644)
    again = case.start("--pidfile", str(pidfile))
    equal(pidfile.read_text(), f"{again.pid}\n", "content over a stale file")
