# SPDX-License-Identifier: Apache-2.0
"""QMP over every kind of character device: stdio, pty, file, a connection that is made again, the short option."""
import json
import os
import socket
import threading
import time

from harness import Case, QmpClient, check, equal

NEGOTIATE = b'{"execute": "qmp_capabilities"}\n'


def test(case: Case) -> None:
    on_stdio(case)
    on_a_pty(case)
    from_a_file(case)
    reconnecting(case)
    waiting(case)
    short_option(case)
    nothing_blocks(case)
    slow_reader(case)
    refused(case)


def on_stdio(case: Case) -> None:
    """Commands from a pipe; the last answer comes before the program ends."""
    commands = NEGOTIATE + b'{"execute": "query-iothreads"}{"execute": "quit", "id": 1}\n'
    done = case.run(case.settings.daemon, "--object", "iothread,id=io0", "--qmp", "stdio", stdin=commands)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check("QMP" in lines[0], f"greeting: {lines[0]}")
    equal(lines[2]["return"][0]["id"], "io0", "the IOThread")
    equal(lines[-1], {"return": {}, "id": 1}, "the answer to quit")


def on_a_pty(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        path = qmp.execute("chardev-add", {"id": "p", "backend": {"type": "pty", "data": {}}})["pty"]
        qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "p"})
        with open(path, "r+b", buffering=0) as terminal:
            check(b'{"QMP"' in terminal.readline(), "no greeting")
            terminal.write(NEGOTIATE)
            equal(terminal.readline(), b'{"return": {}}\r\n', "the answer")
        qmp.execute("object-del", {"id": "m"})
        qmp.execute("chardev-remove", {"id": "p"})
    daemon.finish()


def from_a_file(case: Case) -> None:
    """Commands stand in one file, answers go to another one; `null` hears and says nothing."""
    given, told = case.path("in"), case.path("out")
    given.write_bytes(NEGOTIATE + b'{"execute": "query-chardev"}\n')
    daemon = case.start("--chardev", f"file,id=f,path={told},input-path={given}", "--monitor", "f",
                        "--chardev", "null,id=n", "--monitor", "n")
    daemon.until(lambda: told.read_bytes().count(b"\r\n") == 3, "three lines")
    answer = json.loads(told.read_bytes().splitlines()[2])["return"]
    equal({entry["label"]: entry["filename"] for entry in answer if entry["label"] != "qmp"},
          {"f": "file", "n": "null"}, "what query-chardev says")
    daemon.finish()


def reconnecting(case: Case) -> None:
    """A manager that listens is found when it comes, and again when it comes back."""
    path = case.path("manager.sock")
    daemon = case.start("--chardev", f"socket,id=m,path={path},reconnect-ms=20", "--monitor", "m,id=mm")
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen()
            listener.settimeout(30)
            connection, _ = listener.accept()
            with QmpClient("", connected=connection) as qmp:
                equal(len(qmp.execute("query-clients")), 1, "clients")
        path.unlink()
    with daemon.qmp() as qmp:
        qmp.execute("object-del", {"id": "mm"})
        qmp.execute("chardev-remove", {"id": "m"})
    daemon.finish()


def waiting(case: Case) -> None:
    """chardev-add with wait answers when somebody has connected; others are served meanwhile."""
    path = case.path("wait.sock")
    daemon = case.start()
    with daemon.qmp() as waits, daemon.qmp() as other:
        backend = {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": str(path)}}, "wait": True}}
        request = waits.send("chardev-add", {"id": "w", "backend": backend})
        daemon.until(path.exists, "the socket")
        equal([entry["label"] for entry in other.execute("query-chardev")], ["qmp", "w"], "chardevs")
        check(not waits.has_reply(), "it does not wait")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(path))
            equal(waits.reply(request), {}, "the answer")
            other.execute("chardev-remove", {"id": "w"})
            try:
                equal(client.recv(1), b"", "what the client gets")
            except ConnectionResetError:
                pass # nobody had accepted it
        check(not path.exists(), "the socket file is still there")
    daemon.finish()


def short_option(case: Case) -> None:
    """--qmp makes a chardev and its monitor under one name, or a monitor for a chardev."""
    unix, other = case.path("short.sock"), case.path("other.sock")
    daemon = case.start_plain("--qmp", f"unix:{unix},server,nowait", "--chardev", f"socket,id=c,path={other},server=on",
                              "--qmp", "chardev:c,pretty=on", monitor=unix)
    with daemon.qmp() as qmp:
        names = {entry["name"] for entry in qmp.execute("qom-list", {"path": "/objects"})}
        check({"compat_monitor0", "compat_monitor1"} <= names, f"objects: {names}")
        equal([entry["label"] for entry in qmp.execute("query-chardev")], ["compat_monitor0", "c"], "chardevs")
    daemon.finish()
    for value, text in (("bogus", "'bogus' is not a valid char driver name"), ("tcp:nowhere", "no port given"),
                        ("stdio,server=on", "are for sockets")):
        done = case.run(case.settings.daemon, "--qmp", value, status=1)
        check(text in done.stderr, f"--qmp {value}: {done.stderr}")


def nothing_blocks(case: Case) -> None:
    """A peer that does not answer keeps nobody waiting: an address of the documentation range, never routed."""
    daemon = case.start()
    with daemon.qmp() as slow, daemon.qmp() as quick:
        address = {"type": "inet", "data": {"host": "192.0.2.1", "port": "9"}}
        slow.send("chardev-add", {"id": "x", "backend": {"type": "socket", "data": {"addr": address, "server": False}}})
        begin = time.monotonic()
        for _ in range(20):
            quick.execute("query-version")
        check(time.monotonic() - begin < 5, "others wait")
    daemon.finish()


def slow_reader(case: Case) -> None:
    """A monitor is deleted at once, though who reads its file takes his time for what was said last."""
    told, given = case.path("told"), case.path("given")
    os.mkfifo(told)
    os.mkfifo(given)
    reader, writer = os.open(told, os.O_RDONLY | os.O_NONBLOCK), os.open(given, os.O_RDWR)
    daemon = case.start()
    with daemon.qmp() as qmp, daemon.qmp() as other:
        files = {"type": "file", "data": {"out": str(told), "in": str(given)}}
        qmp.execute("chardev-add", {"id": "slow", "backend": files})
        qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "slow"})
        os.write(writer, NEGOTIATE + b'{"execute": "query-qmp-schema"}\n' * 60)
        daemon.until(lambda: waits_for_reader(other), "a full pipe")
        stop = threading.Event()
        drip = threading.Thread(target=read_slowly, args=(reader, stop))
        drip.start()
        begin = time.monotonic()
        request = qmp.send("object-del", {"id": "m"})
        other.execute("query-version")
        qmp.reply(request)
        took = time.monotonic() - begin
        stop.set()
        drip.join()
        check(took < 2, f"others waited {took:.1f} s")
    daemon.finish()
    os.close(reader)
    os.close(writer)


def waits_for_reader(qmp: QmpClient) -> bool:
    """Whether a client has not read all of its answers."""
    return any(client["queued-bytes"] > 0 for client in qmp.execute("query-clients"))


def read_slowly(fd: int, stop: threading.Event) -> None:
    while not stop.wait(0.35):
        try:
            os.read(fd, 4096)
        except BlockingIOError:
            pass


def refused(case: Case) -> None:
    """Who is not allowed on a terminal is told so in one line, and not again before he opened it again."""
    daemon = case.start()
    nobody = [{"uid": 0, "role": "operator"}]
    with daemon.qmp() as qmp:
        path = qmp.execute("chardev-add", {"id": "p", "backend": {"type": "pty", "data": {}}})["pty"]
        qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "p", "allow": nobody})
        for _ in range(2):
            with open(path, "r+b", buffering=0) as terminal:
                check(b"Access denied" in terminal.readline(), "not refused")
                os.set_blocking(terminal.fileno(), False)
                more = b""
                for _ in range(50):
                    qmp.execute("query-version")
                    more += terminal.read() or b""
                equal(more, b"", "more lines")
    daemon.finish()
