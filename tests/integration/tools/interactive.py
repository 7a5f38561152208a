# SPDX-License-Identifier: Apache-2.0
"""qmp-shell on a terminal: completion, events while one types, Ctrl-C, Ctrl-D, the history, and the server's end."""
import signal

from harness import Case, Daemon, NbdConnection, check, equal, nbd, tools
from harness.storage import start_nbd_server
from harness.terminal import Terminal

LATENCY_NS = 3_000_000_000


def test(case: Case) -> None:
    daemon = case.start()
    shell = tools.terminal(case, "qmp-shell", str(daemon.monitor))
    shell.expect(r"Connected to iothreadd .*qmp> ")
    completion(shell)
    errors_and_help(shell)
    events(case, daemon, shell)
    interrupts(case, daemon, shell)
    shell.send("\x04")
    shell.expect_exit(0)
    history(case, daemon)
    end_of_the_server(case, daemon)


def completion(shell: Terminal) -> None:
    shell.send("query-v\t\r")
    shell.expect(r'"package": "iothreadd')
    shell.send("object-add qom-t\tio\tid=io0 poll-m\t5\r")
    shell.expect(r"object-add qom-type=iothread id=io0 poll-max-ns=5\n\{\}\n")
    shell.send("object-add qom-type=iothread poll-\t\t")
    shell.expect(r"poll-grow=\s+poll-max-ns=\s+poll-shrink=\s+poll-latency-weight=\s+poll-policy=\s+poll-weight=")
    shell.send("\x15qom-get path=io0 property=poll-max-ns\r")
    shell.expect(r"\n5\n")
    shell.send("nbd-server-start addr.t\tun\taddr.d\tp\t")
    shell.expect(r"addr.type=unix addr.data.path=")
    shell.send("\x15")


def errors_and_help(shell: Terminal) -> None:
    shell.send("query-iothredas\r")
    shell.expect(r"The command query-iothredas has not been found \(did you mean 'query-iothreads'\?\)\n")
    shell.send("object-del io0\r")
    shell.expect(r"'io0' is not NAME=VALUE\n")
    shell.send("help\r")
    shell.expect(r"Commands:\n.*  query-iothreads\b.*Events:\n.*  BLOCK_EXPORT_DELETED\n")
    shell.send("help block-export-add\r")
    shell.expect(r"  id +string\n.*\[iothread\] +string or list of string\n.*if type=nbd:\n")
    shell.send("human-monitor-command command-line='info iothreads'\r")
    shell.expect(r"\nio0:\n  thread_id=\d+\n")
    shell.send('{"execute": "qom-get", "arguments": {"path": "io0", "property": "type"}}\r')
    shell.expect(r'\n"iothread"\n')


def events(case: Case, daemon: Daemon, shell: Terminal) -> None:
    """An event appears above the half-typed line, which is there again below it and goes on."""
    assert daemon.monitor is not None
    with daemon.qmp() as qmp:
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20, "latency-ns": LATENCY_NS})
        start_nbd_server(qmp, case.directory)
        shell.expect("qmp> ")
        shell.send("qom-get path=io0 proper")
        shell.expect("proper")
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "iothread": "io0"})
        shell.expect(r"\d\d:\d\d:\d\d\.\d{3} IOTHREAD_HOLDER_ADDED \{.*\"e0\".*\}\nqmp> qom-get path=io0 proper")
        shell.expect_screen(r'"e0".*\nqmp> qom-get path=io0 proper\n*$') # and nowhere above the event
        check(shell.screen.text.count("path=io0 proper") == 1, f"the line is there twice:\n{shell.screen.text}")
        shell.send("ty=type\r")
        shell.expect(r'\n"iothread"\n')


def interrupts(case: Case, daemon: Daemon, shell: Terminal) -> None:
    """Ctrl-C drops the line; while a command runs it drops the wait, and the answer is shown later."""
    shell.expect("qmp> ")
    shell.send("quit")
    shell.expect("quit")
    shell.send("\x03")
    shell.expect(r"\^C\nqmp> ")
    with daemon.qmp() as qmp, NbdConnection(str(case.path("nbd.sock"))).go("n0") as client:
        qmp.execute("object-add", {"qom-type": "iothread", "id": "io1"})
        client.send(nbd.request(nbd.CMD_READ, 1, 0, 512) + nbd.request(nbd.CMD_READ, 2, 1 << 20, 512))
        equal(client.chunk(512).cookie, 2, "the request past the end is answered first; the other is in flight")
        shell.send("block-export-del id=e0 mode=hard\r")
        shell.expect("mode=hard\n")
        shell.send("\x03")
        shell.expect(r"'block-export-del' goes on in the server; its answer will be shown when it comes\.\nqmp> ")
        shell.send("# typing")
        shell.expect("# typing")
        shell.expect(r"answer to block-export-del: \{\}\n.*qmp> # typing")
    shell.send("\x03")
    shell.expect(r"\^C\nqmp> ")


def history(case: Case, daemon: Daemon) -> None:
    path = case.path("state") / "iothreadd" / "qmp-shell-history"
    lines = path.read_text().splitlines()
    equal(lines[0], "query-version", "first line of the history")
    check("quit" not in lines, "a line that was dropped is in the history")
    equal(path.stat().st_mode & 0o777, 0o600, "mode of the history file")
    path.write_text("".join(f"# {number}\n" for number in range(3000)) + "query-version\n")
    shell = tools.terminal(case, "qmp-shell", str(daemon.monitor))
    shell.expect("qmp> ")
    shell.send("\x1b[A\r")
    shell.expect(r'query-version\s.*"package": "iothreadd')
    shell.send("exit\r")
    shell.expect_exit(0)
    lines = path.read_text().splitlines()
    check(2000 <= len(lines) <= 2002, f"{len(lines)} lines of history")
    equal(lines[-1], "exit", "last line of the history")


def end_of_the_server(case: Case, daemon: Daemon) -> None:
    """A server that goes is status 2, unless `quit` asked for it; a terminal that hangs up ends the shell."""
    for command, status in (("", 2), ("quit\r", 0)):
        one = case.start()
        shell = tools.terminal(case, "qmp-shell", str(one.monitor))
        shell.expect("qmp> ")
        shell.send(command or "half a li")
        shell.expect(command.strip() or "half a li")
        if not command:
            one.signal(signal.SIGTERM)
        shell.expect("the server closed the connection")
        shell.expect_exit(status)
        one.expect_exit()
    shell = tools.terminal(case, "qmp-shell", str(daemon.monitor))
    shell.expect("qmp> ")
    shell.close()
    check(shell.process.wait_exit() != 0, "the shell took a hang-up for a good end")
