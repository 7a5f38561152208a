# SPDX-License-Identifier: Apache-2.0
"""Clients of other users and groups: whom the socket's file lets connect, and who gets which role there."""
import errno
import os
import select
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Case, Failure, QmpClient, Skip, check, equal

@dataclass(frozen=True)
class User:
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    def connect(self, path: Path) -> socket.socket:
        """A connection that a process of this user made; PermissionError when it could not."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            child = os.fork() # the interpreter's own file may be closed to other users
            if child == 0:
                os._exit(self.connect_and_send(path, theirs))
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if ended == errno.EACCES:
                raise PermissionError
            equal(ended, 0, f"connecting as {self}")
            return socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])

    def connect_and_send(self, path: Path, to: socket.socket) -> int:
        """Become this user, connect, and pass the connection on. 0, or errno, or 255."""
        try:
            os.setgroups(self.groups)
            os.setgid(self.gid)
            os.setuid(self.uid)
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.connect(str(path))
                socket.send_fds(to, [b"x"], [connection.fileno()])
        except OSError as error:
            return error.errno or 255
        except BaseException: # pylint: disable=broad-exception-caught
            return 255
        return 0

    def role(self, path: Path) -> str:
        """What query-clients says, or why there is none."""
        try:
            connected = self.connect(path)
        except PermissionError:
            return "cannot connect"
        connected.settimeout(30)
        first = connected.recv(1 << 16, socket.MSG_PEEK)
        if b"Access denied" in first:
            connected.close()
            return "denied"
        with QmpClient("", connected=connected) as client:
            own = next(info for info in client.execute("query-clients") if info["self"])
            equal((own["uid"], own["gid"]), (self.uid, self.gid), "credentials")
            if own["role"] == "read-only":
                client.refused("quit", text=f"user {self.uid} has the role read-only here")
            else:
                client.execute("object-add", {"qom-type": "iothread", "id": "new"})
                client.execute("object-del", {"id": "new"})
            return str(own["role"])


NOBODY = User(65534, 65534)
ALICE = User(61001, 62001)
BOB = User(61002, 62002, tuple(range(62500, 62600))) # in many groups
CAROL = User(61003, 62003, (62009,))
ROOT = User(0, 0)
ALLOW = [{"uid": 0, "gid": 0, "role": "operator"}, {"uid": 61001, "gid": 62002, "role": "read-only"},
         {"uid": 61001, "role": "operator"}, {"gid": 62599, "role": "read-only"}, {"gid": 62003, "role": "operator"}]


def test(case: Case) -> None:
    if os.geteuid() != 0:
        raise Skip("only root can be other users")
    os.chmod(case.directory, 0o711)
    path = case.path("look.sock")
    daemon = case.start("--chardev", f"socket,id=look,path={path},server=on")
    with daemon.qmp() as qmp:
        equal(owner(path), (0, 0, 0o600), "before")
        files(case, qmp, path)
        for iothread in ({}, {"iothread": "io0"}):
            with monitor(qmp, path, mode="0666", allow=ALLOW, **iothread):
                seen = [user.role(path) for user in (ROOT, ALICE, BOB, CAROL, NOBODY)]
                equal(seen, ["operator", "operator", "read-only", "operator", "denied"], "roles")
        waiting(qmp, path)
        qmp.execute("object-del", {"id": "io0"})
    waits_for_them(case)


def owner(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


class monitor: # pylint: disable=invalid-name
    """A monitor on the character device look; its socket is as before when it is gone."""

    def __init__(self, qmp: QmpClient, path: Path, **properties: Any):
        self.qmp, self.path, self.before = qmp, path, owner(path)
        self.qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "look", "chardev": "look"} | properties)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.qmp.execute("object-del", {"id": "look"})
        equal(owner(self.path), self.before, "owner, group and mode afterwards")


def files(case: Case, qmp: QmpClient, path: Path) -> None:
    """Owner, group and mode decide who can connect, and without `allow` all of them are operators."""
    table = (
        # properties, owner, those who can connect besides root
        ({}, (0, 0, 0o600), set()),
        ({"mode": "0666"}, (0, 0, 0o666), {ALICE, CAROL, NOBODY}),
        ({"owner": "61001"}, (61001, 0, 0o600), {ALICE}),
        ({"owner": "nobody"}, (65534, 0, 0o600), {NOBODY}),
        ({"group": "62009"}, (0, 62009, 0o600), set()),
        ({"group": "62009", "mode": "0660"}, (0, 62009, 0o660), {CAROL}),
        ({"owner": "61001", "group": "62009", "mode": "0060"}, (61001, 62009, 0o060), {CAROL}),
        ({"group": "nogroup", "mode": "0020"}, (0, 65534, 0o020), {NOBODY}),
    )
    case.add_iothread(qmp, "io0")
    for properties, expected, can in table:
        with monitor(qmp, path, **properties):
            equal(owner(path), expected, f"with {properties}")
            for user in (ROOT, ALICE, CAROL, NOBODY):
                wanted = "operator" if user in can | {ROOT} else "cannot connect"
                equal(user.role(path), wanted, f"{user} with {properties}")


def waiting(qmp: QmpClient, path: Path) -> None:
    """Who was let in by a monitor and waits when it goes does not become a client of the next one."""
    for _ in range(5):
        with monitor(qmp, path, mode="0666", allow=[{"role": "read-only"}]):
            early = [NOBODY.connect(path) for _ in range(3)]
        with monitor(qmp, path), QmpClient(path) as mine:
            equal(len(mine.execute("query-clients")), 2, "clients of the next monitor")
            for connection in early:
                connection.settimeout(30)
                try:
                    while connection.recv(1 << 16):
                        pass
                except ConnectionResetError:
                    pass # it had said nothing, and was told nothing
                connection.close()
    try:
        NOBODY.connect(path).close()
    except PermissionError:
        return
    raise Failure("everybody can connect although no monitor says so")


def waits_for_them(case: Case) -> None:
    """With wait the program starts when somebody has connected; who may is decided before it waits."""
    path = case.path("wait.sock")
    daemon = case.start("--chardev", f"socket,id=w,path={path},server=on,wait=on",
                        "--object", "monitor-qmp,id=w,chardev=w,mode=0666", wait_ready=False)
    daemon.until(lambda: path.exists() and owner(path) == (0, 0, 0o666), "a socket for everybody")
    daemon.until(lambda: "waiting for a connection" in daemon.stderr, "it says that it waits")
    check(not select.select([daemon.notify.socket], [], [], 0)[0], "it is ready before anybody has connected")
    equal(NOBODY.role(path), "operator", "the first client")
    daemon.wait_ready()
