# SPDX-License-Identifier: Apache-2.0
"""A name server that does not answer keeps nobody waiting: no other client, no other name, not the program's end."""
import grp
import pwd
import signal
from typing import Any

from harness import Case, Daemon, QmpClient, check, equal
from harness.case import Gate

LIMIT = 16
LISTEN = {"server": True}
CONNECT = {"server": False}


def test(case: Case) -> None:
    gate = case.gate()
    others_are_served(case, gate)
    in_turn(case, gate)
    quit_at_once(case, gate)
    interrupted_start(case, gate)
    users_and_groups(case, case.gate())


def add(ident: str, host: str, port: str = "0", **more: Any) -> dict[str, Any]:
    backend = {"addr": {"type": "inet", "data": {"host": host, "port": port}}} | more
    return {"id": ident, "backend": {"type": "socket", "data": backend}}


def look_ups(daemon: Daemon) -> int:
    return list(daemon.threads().values()).count("blocking call")


def filenames(qmp: QmpClient) -> dict[str, str]:
    return {entry["label"]: entry["filename"] for entry in qmp.execute("query-chardev")}


def others_are_served(case: Case, gate: Gate) -> None:
    daemon = case.start(env=gate.env)
    with daemon.qmp() as slow, daemon.qmp() as gone, daemon.qmp() as quick:
        listens = slow.send("chardev-add", add("slow", "slow", **LISTEN))
        gone.send("chardev-add", add("gone", "slow.invalid", **LISTEN))
        daemon.until(lambda: look_ups(daemon) == 2, "two look-ups")
        quick.execute("chardev-add", add("local", "localhost", **LISTEN))
        port = filenames(quick)["local"].removeprefix("disconnected:tcp:127.0.0.1:").removesuffix(",server=on")
        quick.execute("chardev-add", add("peer", "localhost", port, **CONNECT))
        quick.execute("chardev-add", add("both", "several", **LISTEN))
        first, second, end = filenames(quick)["both"].split(",")
        equal((first.rpartition(":")[0], second, end),
              ("disconnected:tcp:127.0.0.1", f"tcp:127.0.0.2:{first.rpartition(':')[2]}", "server=on"), "two addresses")
        quick.refused("chardev-add", add("none", "no such host", **LISTEN), text="no such host")
        check(not slow.has_reply(), "the name was found before it was looked up")
        gone.close() # its answer is for nobody
        with gate.open():
            equal(slow.reply(listens), {}, "the answer")
            daemon.until(lambda: look_ups(daemon) == 0, "the end of the threads")
    daemon.finish()


def in_turn(case: Case, gate: Gate) -> None:
    daemon = case.start(env=gate.env)
    clients = [daemon.qmp() for _ in range(LIMIT + 2)]
    requests = [client.send("chardev-add", add(f"c{number}", "slow", **LISTEN))
                for number, client in enumerate(clients)]
    daemon.until(lambda: look_ups(daemon) == LIMIT, "all threads")
    with daemon.qmp() as other:
        other.execute("query-version")
        equal(look_ups(daemon), LIMIT, "threads")
        with gate.open():
            for client, request in zip(clients, requests):
                equal(client.reply(request), {}, "the answer")
                client.close()
        equal(len(filenames(other)), LIMIT + 3, "chardevs")
    daemon.finish()


def quit_at_once(case: Case, gate: Gate) -> None:
    """What is looked up when the program ends is not waited for: the gate stays closed."""
    for ending in ("quit", "signal"):
        daemon = case.start(env=gate.env)
        with daemon.qmp() as slow, daemon.qmp() as other:
            slow.send("chardev-add", add("x", "slow", **LISTEN))
            other.send("nbd-server-start", {"addr": {"type": "inet", "data": {"host": "slow", "port": "0"}}})
            daemon.until(lambda: look_ups(daemon) == 2, "two look-ups")
            if ending == "quit":
                with daemon.qmp() as third:
                    third.execute("quit")
            else:
                daemon.signal(signal.SIGTERM)
            daemon.expect_exit()


def interrupted_start(case: Case, gate: Gate) -> None:
    """A signal while the command line waits ends the program as one does that comes later."""
    export = ("--blockdev", "null-co,node-name=n", "--export", "nbd,id=e,node-name=n")
    for options in (("--nbd-server", "addr.type=inet,addr.host=slow,addr.port=0", *export),
                    ("--chardev", "socket,id=c,host=slow,port=0,server=on", "--monitor", "c"),
                    ("--qmp", "tcp:slow:0,server=on")):
        daemon = case.start_plain(*options, env=gate.env, wait_ready=False)
        daemon.until(lambda started=daemon: look_ups(started) == 1, "a look-up")
        daemon.signal(signal.SIGTERM)
        daemon.expect_exit()
        check("READY=1" not in daemon.notify.messages, "it was ready")
    path = case.path("waits.sock")
    daemon = case.start_plain("--qmp", f"unix:{path},server=on,wait=on", wait_ready=False)
    daemon.until(path.exists, "the socket")
    daemon.signal(signal.SIGINT)
    daemon.expect_exit()


def users_and_groups(case: Case, gate: Gate) -> None:
    """They are those of /etc: no service is asked, which could take its time."""
    path = case.path("owned.sock")
    daemon = case.start("--chardev", f"socket,id=c,path={path},server=on", env=gate.env)
    names = {"owner": pwd.getpwuid(path.stat().st_uid).pw_name, "group": grp.getgrgid(path.stat().st_gid).gr_name}
    numbers = {"owner": str(path.stat().st_uid), "group": str(path.stat().st_gid)}
    monitor = {"qom-type": "monitor-qmp", "id": "m", "chardev": "c"}
    with daemon.qmp() as qmp:
        for known in (names, numbers):
            qmp.execute("object-add", monitor | known)
            qmp.execute("object-del", {"id": "m"})
        for member, text in (("owner", "User 'no-such' not found in /etc/passwd"),
                             ("group", "Group 'no-such' not found in /etc/group")):
            qmp.refused("object-add", monitor | {member: "no-such"}, text=text)
    check(not gate.reached, "the user database was asked")
    daemon.finish()
