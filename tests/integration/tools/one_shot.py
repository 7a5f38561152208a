# SPDX-License-Identifier: Apache-2.0
"""qmp-shell -c and from a pipe: JSON on standard output, errors on standard error, and the exit status says which."""
import json
import shlex
import signal
import socket
import subprocess

from harness import Case, check, equal, tools


def test(case: Case) -> None:
    daemon = case.start()
    socket_path = daemon.monitor
    assert socket_path is not None

    done = tools.shell(case, socket_path, "object-add qom-type=iothread id=io0 poll-max-ns=5", "query-iothreads")
    nothing, threads = tools.values(done)
    equal(nothing, {}, "return value of object-add")
    equal((threads[0]["id"], threads[0]["poll-max-ns"]), ("io0", 5), "the thread that was added")
    check(done.stdout.count("\n") > 5, f"without -r the output is not indented: {done.stdout}")
    equal(done.stderr, "", "errors")

    raw = tools.run(case, "qmp-shell", f"unix:{socket_path}", "-r", "-c", "qom-get path=io0 property=poll-max-ns",
                    "-c", '{"execute": "query-nbd-server"}').stdout
    equal(raw.splitlines()[0], "5", "raw output")
    equal(json.loads(raw.splitlines()[1])["running"], False, "raw output of a command in JSON")

    refusals(case, str(socket_path))
    failures(case)
    pipes(case, str(socket_path))
    daemon.signal(signal.SIGTERM)
    daemon.wait_exit()


def refusals(case: Case, address: str) -> None:
    """What the server refuses is status 1, what is not understood at all is 2; neither prints a value."""
    done = tools.shell(case, address, "query-version", "object-del id=nope", "query-version", status=1)
    equal(done.stderr, "object 'nope' not found\n", "the server's text")
    equal(len(tools.values(done)), 1, "values before the refusal; none behind it")
    equal(tools.shell(case, address, "nope", status=1).stderr, "The command nope has not been found\n",
          "unknown command")
    equal(tools.shell(case, address, "object-add qom-type=iothread id=io1 poll-max-ns=many", status=1).stderr,
          "Invalid parameter type for 'poll-max-ns', expected: integer\n", "a wrong type is refused by the server")
    for command in ("object-del io0", "object-del id='io0", '{"execute": ', "object-add x={"):
        done = tools.shell(case, address, command, status=1 if command.endswith("x={") else 2)
        check(done.stderr and not done.stdout and "Traceback" not in done.stderr, f"{command}: {done.stderr}")


def failures(case: Case) -> None:
    """No server, a server that is none, one that goes away, and wrong usage."""
    done = tools.shell(case, case.path("nope.sock"), "query-version", status=2)
    check("cannot connect to" in done.stderr and "No such file" in done.stderr, done.stderr)
    for options in (["--timeout", "5"], ["--nope"], ["-e", "X", "--timeout", "-1"]):
        check("usage:" in tools.run(case, "qmp-shell", "x.sock", *options, status=2).stderr, f"usage for {options}")
    check("history" in tools.run(case, "qmp-shell", "--help").stdout, "--help says nothing about the history")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        client = case.spawn(*tools.argv(case, "qmp-shell", address, "-c", "query-version"))
        connected, _ = listener.accept()
        with connected:
            connected.sendall(b"220 mail ready\r\n")
            equal(client.wait_exit(), 2, "status with a server that speaks something else")
    check("sent no JSON" in client.stderr, client.stderr)
    quitting = case.start()
    assert quitting.monitor is not None
    equal(tools.values(tools.shell(case, quitting.monitor, "quit")), [{}], "answer to quit")
    quitting.expect_exit()
    gone = case.start()
    assert gone.monitor is not None
    check("closed the connection" in tools.shell(case, gone.monitor, "quit", "query-version", status=2).stderr,
          "nothing was said about the end of the connection")
    gone.expect_exit()


def pipes(case: Case, address: str) -> None:
    """Commands from a pipe end at the first that fails; a reader that has enough ends it quietly."""
    done = tools.run(case, "qmp-shell", address, status=1, stdin=b"# a remark\n\nquery-version\nnope\nquery-version\n")
    equal(len(tools.values(done)), 1, "values before the command that is refused")
    done = tools.run(case, "qmp-shell", address, stdin=b"query-version\nexit\nnope\n")
    equal(len(tools.values(done)), 1, "values before exit")
    equal(tools.run(case, "qmp-shell", address, stdin=b"").stdout, "", "output without a command")
    done = tools.run(case, "qmp-shell", address, status=2, stdin=b"object-del id=\xff\n")
    equal(done.stderr, "qmp-shell: this is no UTF-8\n", "bytes that are no text")
    for name, options in (("qmp-shell", [address, "-c", "query-version"]),
                          ("iothread-top", ["-bn1", "-d0.1", address])):
        command = shlex.join(map(str, tools.argv(case, name, *options)))
        done = case.run("sh", "-c", f"{command} >/dev/full", status=2)
        equal(done.stderr, f"{name}: No space left on device\n", "a disk that is full")
        case.run("sh", "-c", f"{command} >&- <&-")
    client = case.spawn(*tools.argv(case, "qmp-shell", address, *["-c", "query-qmp-schema"] * 20),
                        stdout=subprocess.PIPE)
    assert client.popen.stdout is not None
    client.popen.stdout.read(10)
    client.popen.stdout.close()
    equal(client.wait_exit(), -signal.SIGPIPE, "end of a shell whose reader has gone")
    equal(client.stderr, "", "what it says about that")
