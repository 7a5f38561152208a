# SPDX-License-Identifier: Apache-2.0
"""Options count from left to right: what is used before it is defined is refused, and the names are checked there."""
from harness import Case, check


def test(case: Case) -> None:
    image, nbd, qmp = case.image("disk.img", 1), case.path("nbd.sock"), case.path("qmp.sock")
    server = ("--nbd-server", f"addr.type=unix,addr.path={nbd}")
    node = ("--blockdev", f"file,node-name=n0,filename={image}")
    export = ("--export", "nbd,id=e0,node-name=n0,iothread=io0")
    thread = ("--object", "iothread,id=io0")
    chardev = ("--chardev", f"socket,id=c,path={qmp},server=on")
    for options, text in (((*thread, *node, *export, *server), "NBD server not running"),
                          ((*thread, *server, *export, *node), "Cannot find device='' nor node-name='n0'"),
                          ((*server, *node, *export, *thread), 'iothread "io0" not found'),
                          (("--monitor", "c", *chardev), 'chardev "c" not found'),
                          ((*thread, *thread), "io0"), ((*node, *node), "Duplicate nodes with node-name='n0'"),
                          ((*server, *server), "NBD server already running"),
                          ((*thread, *server, *node, *export, *export), "Block export id 'e0' is already in use"),
                          ((*chardev, *chardev), "c"),
                          ((*chardev, "--monitor", "c", "--monitor", "c"), "is already in use")):
        done = case.run(case.settings.daemon, *options, status=1, timeout=20)
        check(len(done.stderr.splitlines()) == 1 and text in done.stderr, f"{options}: {done.stderr!r} lacks {text!r}")
        case.check_no_sockets()
    daemon = case.start_plain(*thread, *server, *node, *export, *chardev, "--monitor", "c", monitor=qmp)
    daemon.finish()
