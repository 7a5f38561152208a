# SPDX-License-Identifier: Apache-2.0
"""The human monitor where people are: on the terminal of the program, on a pty, and on a socket."""
import os
import select
import signal
import socket
import time
from pathlib import Path

from harness import Case, check, equal
from harness.terminal import Terminal

PROMPT = r"\(iothreadd\) "


def test(case: Case) -> None:
    on_the_terminal(case)
    with_a_signal(case)
    on_a_pty(case)
    on_a_socket(case)


def program(case: Case, *options: str) -> list[str | Path]:
    return [case.settings.daemon, "--object", "iothread,id=io0", *options]


def on_the_terminal(case: Case) -> None:
    """Editing, history, completion; `quit` leaves the terminal as it was."""
    shell = Terminal(case, *program(case, "--chardev", "stdio,id=s", "--mon", "s"))
    shell.expect(r"iothreadd \S+ monitor - type 'help' for more information\n" + PROMPT)
    shell.send("info iothraeds\x1b[D\x1b[D\x7f\x7fea\x05\r") # the cursor goes left, and back to the end
    shell.expect(r"io0:\n  thread_id=\d+\n.*" + PROMPT)
    shell.send("\x1b[A\r") # once more
    shell.expect(r"io0:\n  thread_id=\d+\n.*" + PROMPT)
    shell.send("object_a\tiothread,id=io1\r")
    shell.expect(r"object_add iothread,id=io1\n" + PROMPT)
    completes(shell)
    shell.send("info \t\t")
    shell.expect(r"block\s+chardev\s+fdsets\s+nbd-server\s+block-exports\s+clients\s+iothreads\s+version")
    shell.send("clients\r")
    shell.expect(r"mode=readline.*monitor=compat_monitor0.*" + PROMPT)
    shell.send("object_del io1\t\rqom-list /objects\r")
    text = shell.expect(r"type \(string\).*" + PROMPT)
    check("monitor-hmp" in text and "io0" in text and "io1" not in text, f"objects: {text}")
    shell.send("quit\r")
    shell.expect_exit(0)
    equal(shell.text.rstrip().splitlines()[-1], "(iothreadd) quit", "the last line")


def completes(shell: Terminal) -> None:
    """Tab knows types, ids, paths and properties; `help` stands for what --object help lists."""
    shell.send("object_add io\t,help\r")
    shell.expect(r"object_add iothread,help\niothread options:\n.*\n  poll-max-ns=<int> - .*" + PROMPT)
    shell.send("object_add help\r")
    shell.expect(r"List of user creatable objects:\n  iothread\n  monitor-hmp\n  monitor-qmp\n" + PROMPT)
    shell.send("qom-set /o\t/io1 poll-m\t4711\r")
    shell.expect(r"qom-set /objects/io1 poll-max-ns 4711\n" + PROMPT)
    shell.send("qom-get /objects/\t\t")
    shell.expect(r"/objects/compat_monitor0\s+/objects/io0\s+/objects/io1")
    shell.send("io1\tpoll-max\t\r")
    shell.expect(r"4711\n" + PROMPT)


def with_a_signal(case: Case) -> None:
    """Ctrl-C is a signal, unless signal=off: then it drops the line."""
    shell = Terminal(case, *program(case, "--chardev", "stdio,id=s", "--mon", "s"))
    shell.expect(PROMPT)
    shell.send("\x03")
    shell.expect_exit(0)
    kept = Terminal(case, *program(case, "--chardev", "stdio,id=s,nosignal", "--mon", "s"))
    kept.expect(PROMPT)
    kept.send("nonsense\x03")
    kept.expect(PROMPT)
    kept.send("info version\r")
    kept.expect(r"11\.1\.1 .*" + PROMPT)
    kept.process.signal(signal.SIGTERM)
    kept.expect_exit(0)


def on_a_pty(case: Case) -> None:
    """Each who opens the terminal is greeted; the pty is there before and after."""
    daemon = case.start()
    with daemon.qmp() as qmp:
        made = qmp.execute("chardev-add", {"id": "p", "backend": {"type": "pty", "data": {}}})
        qmp.execute("object-add", {"qom-type": "monitor-hmp", "id": "hmp", "chardev": "p"})
        for _ in range(3):
            terminal = os.open(made["pty"], os.O_RDWR | os.O_NOCTTY)
            expect(terminal, b"monitor - type 'help' for more information\r\n(iothreadd) ")
            os.write(terminal, b"info version\r")
            expect(terminal, b"11.1.1 (iothreadd ")
            os.close(terminal)
            daemon.until(lambda: len(qmp.execute("query-clients")) == 1, "the person gone")
        chardev = [entry for entry in qmp.execute("query-chardev") if entry["label"] == "p"]
        equal(chardev, [{"label": "p", "filename": f"pty:{made['pty']}", "frontend-open": True}], "query-chardev")
        qmp.execute("object-del", {"id": "hmp"})
        qmp.execute("chardev-remove", {"id": "p"})
        check(not os.path.exists(made["pty"]), "the terminal is still there")
    daemon.finish()


def on_a_socket(case: Case) -> None:
    """Several people at once; one cannot delete the monitor he talks to; Ctrl-D does nothing."""
    path = case.path("human.sock")
    daemon = case.start("--chardev", f"socket,id=h,path={path},server,nowait", "--mon", "h,id=human")
    people = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
    for person in people:
        person.connect(str(path))
    for person in people:
        expect(person.fileno(), b"(iothreadd) ")
    people[0].sendall(b"object_del human\r")
    expect(people[0].fileno(), b"Error: Cannot delete the current monitor\r\n(iothreadd) ")
    people[1].sendall(b"\x04\x04info vers\t\r")
    seen = expect(people[1].fileno(), b")\r\n(iothreadd) ")
    check(b"11.1.1" in seen and b"type 'help'" not in seen, f"after Ctrl-D: {seen!r}")
    people[1].close()
    with daemon.qmp() as qmp:
        daemon.until(lambda: len(qmp.execute("query-clients")) == 3, "one person gone")
        equal(sorted(client["mode"] for client in qmp.execute("query-clients")), ["control", "readline", "readline"],
              "clients")
        qmp.execute("object-del", {"id": "human"})
    equal([person.recv(100) for person in (people[0], people[2])], [b"", b""], "when the monitor is gone")
    for person in people:
        person.close()


def expect(descriptor: int, end: bytes, timeout: float = 30.0) -> bytes:
    """Read until what was read contains `end`."""
    deadline = time.monotonic() + timeout
    seen = b""
    while end not in seen:
        check(select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0], f"only {seen!r}")
        seen += os.read(descriptor, 65536)
    return seen
