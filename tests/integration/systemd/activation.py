# SPDX-License-Identifier: Apache-2.0
"""Socket activation with the unit's own command line: a client that came before the daemon is answered."""
import configparser
import shlex
import socket
from pathlib import Path

from harness import Case, QmpClient, check, equal


def unit(path: Path, section: str, key: str) -> str:
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#", ";"), delimiters=("=",))
    parser.optionxform = str # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser[section][key]


def test(case: Case) -> None:
    units = case.settings.source / "systemd"
    words = shlex.split(unit(units / "iothreadd.service", "Service", "ExecStart"))[1:]
    arguments = [word for word in words if not word.startswith("$")]
    name = unit(units / "iothreadd.socket", "Socket", "FileDescriptorName")
    path = case.path("activated.sock")
    case.own_sockets.add(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        early = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        early.settimeout(30)
        early.connect(str(path))
        # what systemd does: the socket is descriptor 3, and the environment says so to this very process
        launch = f'exec 3<&{listening.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name} exec "$0" "$@"'
        daemon = case.start_plain(
            *arguments, launcher=("sh", "-c", launch), pass_fds=(listening.fileno(),), monitor=path
        )
        with QmpClient(path, connected=early) as client:
            equal(client.execute("query-iothreads"), [], "answer to the client that came first")
        with daemon.qmp() as client:
            client.execute("object-add", {"qom-type": "iothread", "id": "io0"})
            client.execute("quit")
        daemon.expect_exit()
    check(path.is_socket(), "the socket file of systemd is gone")

    lost = case.run(case.settings.daemon, *arguments, status=1)
    equal(len(lost.stderr.splitlines()), 1, f"lines on stderr without a passed socket: {lost.stderr}")
    check("qmp" in lost.stderr, lost.stderr)
