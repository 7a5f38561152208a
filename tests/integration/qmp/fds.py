# SPDX-License-Identifier: Apache-2.0
"""Descriptors that a client sends: they are named, put into sets, used by nodes, chardevs and servers, and closed."""
import array
import json
import os
import socket
from pathlib import Path
from typing import Any

from harness import Case, Daemon, QmpClient, QmpError, check, equal
from harness.fds import execute_with, fd_count, getfd, opened, send_with

NONE_SENT = "No file descriptor supplied via SCM_RIGHTS"


def fd_count_at_rest(daemon: Daemon) -> int:
    """Without clients: what a closed connection leaves behind goes a moment after its end."""
    daemon.until_resources(daemon.idle, "threads and descriptors without clients")
    return fd_count(daemon)


def test(case: Case) -> None:
    case.need("qemu-io")
    daemon = case.start()
    with daemon.qmp() as qmp:
        names(case, daemon, qmp)
        sets(case, qmp)
        exported_from_a_set(case, daemon, qmp)
        monitor_on_a_passed_socket(case, qmp)
        unconnected_socket(qmp)
        server_on_a_passed_listener(case, qmp)
        read_only_client(case, daemon, qmp)
    masses(case, daemon)
    garbage(daemon)
    sent_to_an_iothread(case, daemon)
    listener_with_credentials(case)


def names(case: Case, daemon: Daemon, qmp: QmpClient) -> None:
    before = fd_count(daemon)
    image = case.image("names.img", 1)
    with opened(image, os.O_RDWR) as fd:
        equal(qmp.refused("getfd", {"fdname": "a"}), NONE_SENT, "nothing sent")
        for name in ("a", "a", ""):
            getfd(qmp, name, fd)
        equal(fd_count(daemon), before + 2, "descriptors while two have names")
        with daemon.qmp() as second: # another client of the same monitor
            second.execute("closefd", {"fdname": ""})
        equal(qmp.refused("closefd", {"fdname": ""}), "File descriptor named '' not found", "closed twice")
        equal(qmp.execute("closefd", {"fdname": "a"}), {}, "closefd")
        try:
            execute_with(qmp, [fd], "getfd", {"fdname": "1a"})
            check(False, "a name that starts with a digit was not refused")
        except QmpError as error:
            equal(error.desc, "Parameter 'fdname' expects a name not starting with a digit", "the refusal")
    daemon.until(lambda: fd_count(daemon) == before, "descriptors when no name is left")


def sets(case: Case, qmp: QmpClient) -> None:
    image = case.image("sets.img", 1)
    equal(qmp.refused("add-fd"), NONE_SENT, "nothing sent")
    with opened(image, os.O_RDWR) as fd:
        first = execute_with(qmp, [fd, fd], "add-fd", {"fdset-id": 1, "opaque": "rw:/x"})
        equal(qmp.refused("add-fd"), NONE_SENT, "the second of two is gone")
        second = execute_with(qmp, [fd], "add-fd")
        third = execute_with(qmp, [fd], "add-fd")
    equal([one["fdset-id"] for one in (first, second, third)], [1, 0, 2], "numbers of sets")
    equal(qmp.execute("query-fdsets"),
          [{"fdset-id": 2, "fds": [{"fd": third["fd"]}]},
           {"fdset-id": 1, "fds": [{"fd": first["fd"], "opaque": "rw:/x"}]},
           {"fdset-id": 0, "fds": [{"fd": second["fd"]}]}], "sets")
    equal(qmp.refused("remove-fd", {"fdset-id": 9}), "File descriptor named 'fdset-id:9' not found", "no such set")
    equal(qmp.refused("remove-fd", {"fdset-id": 1, "fd": 999}), "File descriptor named 'fdset-id:1, fd:999' not found",
          "no such descriptor")
    qmp.execute("remove-fd", {"fdset-id": 1, "fd": first["fd"]})
    for number in (0, 2):
        qmp.execute("remove-fd", {"fdset-id": number})
    equal(qmp.execute("query-fdsets"), [], "sets at the end")


def exported_from_a_set(case: Case, daemon: Daemon, qmp: QmpClient) -> None:
    """The image has no name any more when the node opens it."""
    before = fd_count(daemon)
    image = case.image("set.img", 4, random=True)
    data = image.read_bytes()
    with opened(image, os.O_RDONLY) as fd:
        execute_with(qmp, [fd], "add-fd", {"fdset-id": 20})
    refusal = qmp.refused("blockdev-add", {"driver": "file", "node-name": "n0", "filename": "/dev/fdset/20"})
    equal(refusal, "Could not dup FD for /dev/fdset/20 flags 2: Permission denied", "read-only descriptor")
    refusal = qmp.refused("blockdev-add", {"driver": "file", "node-name": "n0", "filename": "/dev/fdset/21",
                                           "read-only": True})
    equal(refusal, "Could not dup FD for /dev/fdset/21 flags 0: No such file or directory", "no such set")
    with opened(image, os.O_RDWR) as fd:
        execute_with(qmp, [fd], "add-fd", {"fdset-id": 20})
    kept = image.with_name("kept.img")
    image.rename(kept)
    export = case.serve(qmp, Path("/dev/fdset/20"))
    qmp.execute("remove-fd", {"fdset-id": 20})
    equal(qmp.execute("query-fdsets"), [{"fdset-id": 20, "fds": []}], "the set that is in use")
    case.run("qemu-io", "-f", "raw", "-c", "write -P 0xab 1M 64k", "-c", "read -P 0xab 1M 64k", "-c", "flush",
             export.uri)
    expected = data[:1 << 20] + b"\xab" * 65536 + data[(1 << 20) + 65536:]
    check(kept.read_bytes() == expected, "the file does not contain what was written")
    qmp.execute("block-export-del", {"id": export.id, "mode": "hard"})
    qmp.execute("nbd-server-stop")
    qmp.execute("blockdev-del", {"node-name": export.node})
    qmp.execute("object-del", {"id": "io0"})
    equal(qmp.execute("query-fdsets"), [], "the set after its last user")
    case.run("qemu-io", "-f", "raw", "-c", "write -P 1 0 512", kept) # nothing is locked any more
    daemon.until(lambda: fd_count(daemon) == before, "descriptors after the node")


def monitor_on_a_passed_socket(case: Case, qmp: QmpClient) -> None:
    ours, theirs = socket.socketpair()
    backend = {"type": "socket", "data": {"addr": {"type": "fd", "data": {"str": "conn"}}, "server": False}}
    absent = "Failed to add chardev 'passed': File descriptor named 'conn' has not been found"
    equal(qmp.refused("chardev-add", {"id": "passed", "backend": backend}), absent, "no such name")
    with opened(case.image("no-socket.img", 1), os.O_RDONLY) as fd:
        getfd(qmp, "conn", fd)
    equal(qmp.refused("chardev-add", {"id": "passed", "backend": backend}),
          "Failed to add chardev 'passed': File descriptor 'conn' is not a socket", "no socket")
    equal(qmp.refused("closefd", {"fdname": "conn"}), "File descriptor named 'conn' not found", "taken all the same")
    getfd(qmp, "conn", theirs.fileno())
    theirs.close()
    qmp.execute("chardev-add", {"id": "passed", "backend": backend})
    qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "passed"})
    with QmpClient("", connected=ours) as client:
        with opened(case.path("kept.img"), os.O_RDONLY) as fd:
            getfd(client, "mine", fd)
        equal(qmp.refused("closefd", {"fdname": "mine"}), "File descriptor named 'mine' not found", "another monitor's")
        equal(client.execute("closefd", {"fdname": "mine"}), {}, "one's own")
        with opened(case.path("kept.img"), os.O_RDONLY) as fd:
            getfd(client, "left", fd) # goes with the monitor
    qmp.execute("object-del", {"id": "m"})
    qmp.execute("chardev-remove", {"id": "passed"})


def unconnected_socket(qmp: QmpClient) -> None:
    backend = {"type": "socket", "data": {"addr": {"type": "fd", "data": {"str": "idle"}}, "server": False}}
    with socket.socket(socket.AF_UNIX) as idle:
        getfd(qmp, "idle", idle.fileno())
    equal(qmp.refused("chardev-add", {"id": "idle", "backend": backend}),
          "Failed to add chardev 'idle': File descriptor 'idle' is not a connected socket", "nobody at the other end")


def server_on_a_passed_listener(case: Case, qmp: QmpClient) -> None:
    path = case.path("passed.sock")
    case.own_sockets.add(path)
    address = {"addr": {"type": "fd", "data": {"str": "listener"}}}
    equal(qmp.refused("nbd-server-start", address), "File descriptor named 'listener' has not been found",
          "no such name")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        getfd(qmp, "listener", listener.fileno())
        equal(qmp.refused("nbd-server-start", address), "File descriptor 'listener' is not a listening socket",
              "too early")
        listener.listen()
        getfd(qmp, "listener", listener.fileno())
    qmp.execute("nbd-server-start", address)
    with socket.socket(socket.AF_UNIX) as another:
        getfd(qmp, "listener", another.fileno())
    equal(qmp.refused("nbd-server-start", address), "NBD server already running", "twice")
    equal(qmp.execute("closefd", {"fdname": "listener"}), {}, "what the second server would have taken")
    equal(qmp.execute("query-nbd-server")["addresses"], [{"type": "unix", "path": str(path)}], "address")
    qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20, "read-zeroes": True})
    qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0"})
    case.run("qemu-io", "-r", "-f", "raw", "-c", "read -P 0 0 1M", f"nbd+unix:///n0?socket={path}")
    qmp.execute("nbd-server-stop")
    qmp.execute("blockdev-del", {"node-name": "n0"})
    check(path.is_socket(), "the file of a socket that was passed is gone")


def read_only_client(case: Case, daemon: Daemon, qmp: QmpClient) -> None:
    """It may run nothing that takes a descriptor, so it keeps none open here."""
    path = case.path("look.sock")
    backend = {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": str(path)}}, "wait": False}}
    qmp.execute("chardev-add", {"id": "look", "backend": backend})
    qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "look", "chardev": "look",
                               "allow": [{"role": "read-only"}]})
    with QmpClient(path) as client, opened(case.path("kept.img"), os.O_RDONLY) as fd:
        before = fd_count(daemon)
        for _ in range(3):
            execute_with(client, [fd], "query-version")
            equal(fd_count(daemon), before, "descriptors with one that cannot be taken")
    qmp.execute("object-del", {"id": "look"})
    qmp.execute("chardev-remove", {"id": "look"})


def listener_with_credentials(case: Case) -> None:
    """Who passes the monitor's socket may have asked for more of each message than descriptors."""
    path = case.path("credentials.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        daemon = case.start_plain("--chardev", f"socket,id=qmp,fd={listener.fileno()},server=on", "--monitor",
                                  "chardev=qmp", monitor=path, pass_fds=(listener.fileno(),))
    with daemon.qmp() as qmp, opened(case.path("kept.img"), os.O_RDONLY) as fd:
        getfd(qmp, "a", fd)
        equal(qmp.execute("closefd", {"fdname": "a"}), {}, "the descriptor that came with credentials")
    path.unlink()


def masses(case: Case, daemon: Daemon) -> None:
    """A thousand descriptors, with commands that take none, cost nothing once the client is gone."""
    before = fd_count_at_rest(daemon)
    with opened(case.path("kept.img"), os.O_RDONLY) as fd:
        with daemon.qmp(enable=("oob",)) as qmp, daemon.qmp() as other:
            for _ in range(125):
                send_with(qmp, b'{"execute": "query-version"}', *[fd] * 8)
                check("return" in qmp.receive(), "query-version failed")
            check(fd_count(daemon) <= before + 2 + 2, "descriptors that no command took pile up")
            own = max(info["id"] for info in other.execute("query-clients") if not info["self"])
            send_with(qmp, b'{"execute": ', fd)
            other.execute("client-disconnect", {"id": own})
            qmp.expect_closed()
        with daemon.qmp() as qmp:
            for number in range(256):
                execute_with(qmp, [fd], "add-fd", {"fdset-id": number % 7})
            refuse_one_more(qmp, fd, "add-fd", {}, "Too many file descriptors, at most 256 can be in fd sets")
            for number in range(256):
                getfd(qmp, f"n{number}", fd)
            refuse_one_more(qmp, fd, "getfd", {"fdname": "x"}, "Too many file descriptors, at most 256 can have a name")
            for number in range(256):
                qmp.execute("closefd", {"fdname": f"n{number}"})
    daemon.until(lambda: fd_count(daemon) == before, "descriptors after a client that sent many")


def refuse_one_more(qmp: QmpClient, fd: int, command: str, arguments: dict[str, Any], text: str) -> None:
    try:
        execute_with(qmp, [fd], command, arguments)
    except QmpError as error:
        equal(error.desc, text, f"one more {command}")
        return
    check(False, f"one more {command} was not refused")


def garbage(daemon: Daemon) -> None:
    """Ancillary data that are no descriptors, or that come with no command at all."""
    before = fd_count_at_rest(daemon)
    with daemon.qmp() as qmp:
        credentials = array.array("i", (os.getpid(), os.getuid(), os.getgid()))
        qmp.socket.sendmsg([b'{"execute": "getfd", '], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])
        qmp.socket.sendmsg([b'"arguments": {"fdname": "a"}, "id": 1}'])
        equal(qmp.receive()["error"]["desc"], NONE_SENT, "credentials instead of a descriptor")
        ends = socket.socketpair()
        for data in (b"\xff", b"]", b" ", b"nonsense ", b'{"execute": 7}'):
            send_with(qmp, data, *[end.fileno() for end in ends] * 126)
        for end in ends:
            end.close()
        qmp.send_raw(b'{"execute": "query-version", "id": "last"}')
        while qmp.receive().get("id") != "last":
            pass
    daemon.until(lambda: fd_count(daemon) == before, "descriptors after garbage")


def sent_to_an_iothread(case: Case, daemon: Daemon) -> None:
    """Reading happens in an IOThread, taking on the main thread; commands are sent ahead."""
    path = case.path("second.sock")
    before = fd_count_at_rest(daemon)
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        with_io0 = fd_count(daemon)
        backend = {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": str(path)}}}}
        qmp.execute("chardev-add", {"id": "second", "backend": backend})
        qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "second", "iothread": "io0"})
        files = [case.path(f"file{number}") for number in range(40)]
        with QmpClient(path, enable=("oob",)) as client:
            for number, file in enumerate(files):
                file.write_bytes(b"")
                with opened(file, os.O_RDONLY) as fd:
                    send_with(client, json.dumps({"execute": "add-fd", "id": number,
                                                  "arguments": {"opaque": str(number)}}).encode(), fd)
            numbers = [client.receive()["return"]["fd"] for _ in files]
            links = [os.readlink(f"/proc/{daemon.pid}/fd/{number}") for number in numbers]
            equal(links, [str(file) for file in files], "files in the order of the commands")
            for number in range(len(files)):
                client.execute("remove-fd", {"fdset-id": number})
        qmp.execute("object-del", {"id": "m"})
        qmp.execute("chardev-remove", {"id": "second"})
        equal(fd_count(daemon), with_io0, "descriptors without the monitor")
        qmp.execute("object-del", {"id": "io0"})
    daemon.until(lambda: fd_count(daemon) == before, "descriptors at the end")
