# SPDX-License-Identifier: Apache-2.0
"""Listening sockets passed at start: both servers use them, and leave their files alone when they end."""
import socket

from harness import Case, NbdConnection, check, equal


def listener(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen()
    return made


def test(case: Case) -> None:
    qmp, nbd = case.path("qmp.sock"), case.path("nbd.sock")
    case.own_sockets |= {qmp, nbd}
    with listener(str(qmp)) as for_qmp, listener(str(nbd)) as for_nbd:
        early = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        early.connect(str(qmp)) # before there is a daemon
        early.sendall(b'{"execute": "qmp_capabilities"}{"execute": "query-iothreads"}')
        daemon = case.start_plain("--chardev", f"socket,fd={for_qmp.fileno()},server=on,id=c", "--monitor", "c",
                                  "--blockdev", "null-co,node-name=n0,size=1048576", "--object", "iothread,id=io0",
                                  "--nbd-server", f"addr.type=fd,addr.str={for_nbd.fileno()}",
                                  "--export", "nbd,id=e0,node-name=n0,iothread=io0",
                                  pass_fds=(for_qmp.fileno(), for_nbd.fileno()), monitor=qmp)
        early.settimeout(30)
        lines = early.makefile("rb")
        equal(
            [b"QMP" in lines.readline(), lines.readline()], [True, b'{"return": {}}\r\n'], "what the early client gets"
        )
        check(b'"id": "io0"' in lines.readline(), "the early client's third line")
        early.close()
        with daemon.qmp() as client:
            check(client.execute("query-nbd-server")["running"], "the NBD server does not run")
        with NbdConnection(str(nbd)).go("n0") as reader:
            equal(reader.read(0, 512), bytes(512), "data")
            reader.disconnect()
        daemon.finish()
    check(qmp.is_socket() and nbd.is_socket(), "a socket file that the daemon did not make is gone")
