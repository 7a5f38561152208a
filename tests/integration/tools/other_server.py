# SPDX-License-Identifier: Apache-2.0
"""qmp-shell with a server that is not ours: qemu-storage-daemon, which offers oob, and can print messages over lines."""
from harness import Case, check, equal, tools


def test(case: Case) -> None:
    case.need("qemu-storage-daemon")
    case.own_sockets = {case.path("plain.sock"), case.path("pretty.sock")}
    options = [word for name in ("plain", "pretty") for word in (
        "--chardev", f"socket,id={name},path={case.path(name + '.sock')},server=on,wait=off",
        "--monitor", f"chardev={name},pretty={'on' if name == 'pretty' else 'off'}")]
    server = case.spawn("qemu-storage-daemon", *options)
    server.until(lambda: all(path.exists() for path in case.own_sockets), "sockets")
    for path in sorted(case.own_sockets):
        done = tools.shell(case, path, "object-add qom-type=iothread id=io0 poll-max-ns=7",
                           "qom-get path=/objects/io0 property=poll-max-ns", "object-del id=io0")
        equal(tools.values(done), [{}, 7, {}], "answers")
        text = tools.shell(case, path, "help blockdev-add").stdout
        check("if driver=qcow2:" in text, text[:500])
        done = tools.shell(case, path, "-o query-version", status=1)
        check("does not support OOB" in done.stderr, done.stderr)
    top = tools.run(case, "iothread-top", "-b", "-n", "1", case.path("plain.sock"), status=2)
    check("does not list its IOThreads" in top.stderr, top.stderr)
    equal(tools.values(tools.shell(case, case.path("plain.sock"), "quit")), [{}], "answer to quit")
    equal(server.wait_exit(), 0, "status of the server")
