# SPDX-License-Identifier: Apache-2.0
"""Where a server may listen: never in place of a live socket or a file, in place of a stale socket only."""
import socket

from harness import Case, NbdConnection, State, check, equal


def unix(path: object) -> dict[str, object]:
    return {"addr": {"type": "unix", "data": {"path": str(path)}}}


def inet(host: str, port: str) -> dict[str, object]:
    return {"addr": {"type": "inet", "data": {"host": host, "port": port}}}


def test(case: Case) -> None:
    live, stale, plain = case.path("live.sock"), case.path("stale.sock"), case.path("plain")
    case.own_sockets.add(live)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(live))
    listening.listen()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gone:
        gone.bind(str(stale))
    plain.write_text("precious")
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])

    daemon = case.start(env=case.gate().env)
    with daemon.qmp() as qmp:
        before = State.of(daemon, qmp)
        for where, text in ((unix(live), str(live)), (unix(plain), str(plain)),
                            (unix(daemon.monitor), "Address already in use"),
                            (unix("/tmp/" + "x" * 200), "too long"),
                            (unix(case.path("no/dir.sock")), "No such file or directory"),
                            (unix(""), ""), (inet("127.0.0.1", port), port), (inet("127.0.0.1", "99999"), "99999"),
                            (inet("127.0.0.1", "-1"), "-1"), (inet("127.0.0.1", "nbd?"), "nbd?"),
                            (inet("192.0.2.1", "0"), "192.0.2.1")):
            qmp.refused("nbd-server-start", where, text=text)
            before.unchanged(daemon, qmp, f"nbd-server-start {where}")
        qmp.refused("nbd-server-start", inet("no such host", "0"), text="no such host")
        equal(plain.read_text(), "precious", "the plain file")
        check(live.is_socket(), "the live socket is gone")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(live))

        qmp.execute("nbd-server-start", unix(stale))
        NbdConnection(str(stale)).close()
        qmp.execute("nbd-server-stop")
        check(not stale.exists(), "our socket file is left after nbd-server-stop")
        with daemon.qmp():
            pass # its own socket still answers
    listening.close()
    taken.close()
