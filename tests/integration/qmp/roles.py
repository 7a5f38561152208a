# SPDX-License-Identifier: Apache-2.0
"""A read-only client sees everything and changes nothing; who is not allowed gets one line. The rest, which takes other
users, is in other_users.py.
"""
import os
import socket
import stat
from pathlib import Path
from typing import Any

from harness import Case, Daemon, Failure, QmpClient, State, check, equal
from harness.qmp import parse_line

ALLOWED = {
    "qmp_capabilities", "qom-get", "qom-list", "qom-list-get", "qom-list-properties", "qom-list-types",
    "set-event-filter",
}
ARGUMENTS: dict[str, dict[str, Any]] = { # so that it is the role, and nothing else, that refuses
    "object-add": {"qom-type": "iothread", "id": "new"}, "object-del": {"id": "io0"},
    "qom-set": {"path": "io0", "property": "poll-max-ns", "value": 0},
    "blockdev-add": {"driver": "null-co", "node-name": "new"}, "blockdev-del": {"node-name": "n1"},
    "nbd-server-start": {"addr": {"type": "unix", "data": {"path": "new.sock"}}},
    "block-export-add": {"type": "nbd", "id": "new", "node-name": "n1"}, "block-export-del": {"id": "e0"},
    "x-blockdev-set-iothread": {"node-name": "n1", "iothread": "io0"}, "chardev-remove": {"id": "look"},
    "chardev-add": {"id": "new", "backend": {"type": "null", "data": {}}},
    "human-monitor-command": {"command-line": "object_del io0"}, "client-disconnect": {"id": 1},
}
OUT_OF_BAND = {"client-disconnect"}


def test(case: Case) -> None:
    on_the_command_line(case)
    for iothread in ({}, {"iothread": "io0"}):
        read_only(case, iothread)
    nobody(case)
    over_tcp(case)


def add_monitor(qmp: QmpClient, path: Path, **properties: Any) -> None:
    """A character device and a monitor on it, both called look."""
    address = {"type": "unix", "data": {"path": str(path)}}
    qmp.execute("chardev-add", {"id": "look", "backend": {"type": "socket", "data": {"addr": address, "wait": False}}})
    qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "look", "chardev": "look"} | properties)


def remove_monitor(qmp: QmpClient) -> None:
    qmp.execute("object-del", {"id": "look"})
    qmp.execute("chardev-remove", {"id": "look"})


def read_only(case: Case, iothread: dict[str, str]) -> None:
    """Every command of the schema that is not for looking is refused for the role, and changes nothing."""
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.serve(qmp, case.image(f"{len(case.daemons)}.img", 1), tcp=bool(iothread))
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n1"})
        allow = [{"uid": os.getuid() + 1, "role": "operator"}, {"uid": os.getuid(), "role": "read-only"}]
        add_monitor(qmp, case.path("look.sock"), allow=allow, **iothread)
        with QmpClient(case.path("look.sock"), enable=("oob",)) as client:
            refuses_changes(daemon, client)
            sees_events(qmp, client)
        remove_monitor(qmp)
        qmp.execute("object-del", {"id": "io1"})


def refuses_changes(daemon: Daemon, client: QmpClient) -> None:
    before = State.of(daemon, client)
    commands = [entry["name"] for entry in client.execute("query-commands")]
    why = f"is not allowed: user {os.getuid()} has the role read-only here"
    for command in sorted(commands):
        if command in ALLOWED or command.startswith("query-"):
            continue
        for arguments in (ARGUMENTS.get(command, {}), {"nonsense": 1}): # the role comes before the arguments
            text = client.refused(command, arguments)
            equal(text, f"The command {command} {why}", f"{command} {arguments}")
        if command in OUT_OF_BAND:
            client.send(command, ARGUMENTS[command], how="exec-oob")
            equal(client.receive()["error"]["desc"], f"The command {command} {why}", f"{command} out of band")
    before.unchanged(daemon, client, "what is refused")
    equal(client.execute("qom-list-get", {"paths": ["io0"]})[0]["properties"][0],
          {"name": "type", "type": "string", "value": "iothread"}, "qom-list-get")
    client.refused("no-such-command", kind="CommandNotFound")
    client.refused("query-events-since", {"seq": "x"}, text="Invalid parameter type for 'seq'")
    own = next(info for info in client.execute("query-clients") if info["self"])
    other = next(info for info in client.execute("query-clients") if not info["self"])
    equal((own["role"], own["uid"], other["role"]), ("read-only", os.getuid(), "operator"), "roles")


def sees_events(qmp: QmpClient, client: QmpClient) -> None:
    qmp.execute("object-add", {"qom-type": "iothread", "id": "io1"})
    qmp.execute("x-blockdev-set-iothread", {"node-name": "n1", "iothread": "io1"})
    data = {"iothread": "io1", "holder": {"type": "block-node", "node-name": "n1"}}
    client.event("IOTHREAD_HOLDER_ADDED", data)
    client.execute("set-event-filter", {"events": ["IOTHREAD_HOLDER_REMOVED"]})
    qmp.execute("x-blockdev-set-iothread", {"node-name": "n1", "iothread": None})
    client.event("IOTHREAD_HOLDER_REMOVED", data)
    text = qmp.execute("human-monitor-command", {"command-line": "info clients"})
    check("role=operator\r\n" in text and "role=read-only\r\n" in text, f"info clients: {text}")


def on_the_command_line(case: Case) -> None:
    """Roles and modes in key=value form and as JSON."""
    first, second = case.path("first.sock"), case.path("second.sock")
    daemon = case.start_plain(
        "--chardev", f"socket,id=first,path={first},server=on",
        "--chardev", f"socket,id=second,path={second},server=on",
        "--object", f"monitor-qmp,id=m1,chardev=first,mode=0620,allow.0.uid={os.getuid()},allow.0.role=read-only",
        "--object", '{"qom-type": "monitor-qmp", "id": "m2", "chardev": "second", "allow": [{"role": "operator"}]}')
    equal([stat.S_IMODE(path.stat().st_mode) for path in (first, second)], [0o620, 0o600], "modes")
    with QmpClient(first) as looks, QmpClient(second) as operates:
        looks.refused("quit", text="has the role read-only here")
        equal(looks.execute("qom-get", {"path": "m1", "property": "allow"}),
              [{"uid": os.getuid(), "role": "read-only"}], "allow")
        equal(looks.execute("qom-get", {"path": "m1", "property": "mode"}), "0620", "mode")
        looks.refused("qom-set", {"path": "m1", "property": "allow", "value": []}, text="has the role read-only here")
        operates.refused("qom-set", {"path": "m1", "property": "allow", "value": []}, text="is not writable")
        operates.execute("object-del", {"id": "m1"})
        equal(stat.S_IMODE(first.stat().st_mode), 0o600, "mode without the monitor")
        equal(looks.expect_closed(), [], "after the end")
        operates.execute("quit")
    daemon.expect_exit()


def denied(address: str | tuple[str, int]) -> str:
    """Connect; the error that stands in place of the greeting, and the end, have to come."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(30)
        client.connect(address)
        try:
            client.sendall(b'{"execute": "qmp_capabilities"}{"execute": "quit"}')
        except BrokenPipeError:
            pass # the end was there before
        text = b""
        while part := client.recv(4096):
            text += part
    equal(text.count(b"\n"), 1, f"lines of {text!r}")
    return str(parse_line(text)["error"]["desc"])


def nobody(case: Case) -> None:
    """Entries for others only, or none at all; the log does not grow with those who try."""
    daemon = case.start()
    path = case.path("look.sock")
    with daemon.qmp() as qmp:
        for allow in ([], [{"uid": os.getuid() + 1, "role": "operator"}]):
            add_monitor(qmp, path, allow=allow)
            for _ in range(20):
                equal(denied(str(path)), f"Access denied: user {os.getuid()} is not allowed here", "the only line")
            equal(len(qmp.execute("query-clients")), 1, "clients")
            remove_monitor(qmp)
        refusals(qmp, path)
    lines = daemon.stderr.count("is not allowed to connect")
    check(1 <= lines < 10, f"{lines} lines in the log, about 40 who tried")


def refusals(qmp: QmpClient, path: Path) -> None:
    """What is wrong with a monitor's socket changes nothing."""
    add_monitor(qmp, path)
    qmp.execute("object-del", {"id": "look"})
    before = path.stat()
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"mode": "0999"}, "Parameter 'mode' expects an octal number from 0 to 0777"),
        ({"mode": 432}, "Invalid parameter type for 'mode', expected: string"),
        ({"mode": "0666", "owner": "no-such-user"}, "User 'no-such-user' not found"),
        ({"mode": "0666", "group": "no-such-group"}, "Group 'no-such-group' not found"),
        ({"mode": "0666", "owner": "4294967295"}, "Parameter 'owner' expects a name or a number below 4294967295"),
        ({"allow": [{"uid": 0}]}, "Parameter 'allow[0].role' is missing"),
        ({"allow": [{"role": "root"}]}, "Parameter 'role' does not accept value 'root'"),
        ({"allow": [{"role": "operator", "uid": -1}]}, "Parameter 'uid' expects uint32_t"),
        ({"allow": [{"role": "operator", "user": 0}]}, "Parameter 'allow[0].user' is unexpected"),
        ({"allow": [{"role": "operator"}] * 257}, "Parameter 'allow' can have at most 256 entries"),
    )
    for properties, text in wrong:
        monitor = {"qom-type": "monitor-qmp", "id": "look", "chardev": "look"} | properties
        qmp.refused("object-add", monitor, text=text)
        after = path.stat()
        equal((after.st_mode, after.st_uid, after.st_gid), (before.st_mode, before.st_uid, before.st_gid), text)
    qmp.execute("chardev-remove", {"id": "look"})


def over_tcp(case: Case) -> None:
    """Who comes over TCP has no user: only an entry for everybody matches."""
    daemon = case.start()
    with daemon.qmp() as qmp, socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
        unused.close()
        address = {"type": "inet", "data": {"host": "127.0.0.1", "port": str(port)}}
        backend = {"type": "socket", "data": {"addr": address, "wait": False}}
        monitor = {"qom-type": "monitor-qmp", "id": "look", "chardev": "look"}
        qmp.execute("chardev-add", {"id": "look", "backend": backend})
        qmp.refused("object-add", monitor | {"mode": "0666"}, text="chardev 'look' has no socket file")
        everybody_here = [{"uid": os.getuid(), "role": "operator"}, {"gid": os.getgid(), "role": "operator"}]
        qmp.execute("object-add", monitor | {"allow": everybody_here})
        equal(denied(("127.0.0.1", port)), "Access denied: a client without a user is not allowed here", "over TCP")
        qmp.execute("object-del", {"id": "look"})
        qmp.execute("object-add", monitor | {"allow": [*everybody_here, {"role": "read-only"}]})
        with QmpClient("", connected=socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
            client.refused("quit", text="a client without a user has the role read-only here")
            own = next(info for info in client.execute("query-clients") if info["self"])
            check("uid" not in own and own["role"] == "read-only", f"a client over TCP: {own}")
        qmp.execute("object-del", {"id": "look"})
    if "is not allowed to connect" not in daemon.stderr:
        raise Failure(f"nobody was logged: {daemon.stderr}")
