# SPDX-License-Identifier: Apache-2.0
"""READY=1 comes once, when every socket listens; never when the start fails; STOPPING=1 or nothing before the end."""
import signal
import socket

from harness import Case, check, equal


def test(case: Case) -> None:
    image, nbd = case.image("disk.img", 1), case.path("nbd.sock")
    options = ("--object", "iothread,id=io0", "--blockdev", f"file,node-name=n0,filename={image}",
               "--nbd-server", f"addr.type=unix,addr.path={nbd}", "--export", "nbd,id=e0,node-name=n0,iothread=io0")
    for _ in range(5):
        daemon = case.start(*options)
        with (socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as first,
              socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second):
            first.connect(str(nbd))
            second.connect(str(daemon.monitor))
        daemon.signal(signal.SIGTERM)
        daemon.wait_exit()
        lines = [line for message in daemon.notify.drain() for line in message.split("\n")]
        equal(lines.count("READY=1"), 1, f"READY=1 in {lines}")
        daemon.expect_exit()

    failing = case.start(*options, "--export", "nbd,id=e0,node-name=nope", wait_ready=False)
    equal(failing.wait_exit(), 1, "status of a start that fails")
    check("READY=1" not in "".join(failing.notify.drain()), "READY=1 from a daemon that failed")
    failing.expect_exit(1)
