# SPDX-License-Identifier: Apache-2.0
"""iothread-top -b: two threads with their holders, a busy one seen as busy, and a daemon that goes and comes back."""
import signal
import subprocess
import time

from harness import Case, Daemon, NbdConnection, check, equal, tools
from harness.process import Process


def table(text: str) -> dict[str, dict[str, str]]:
    """The rows of a table, by thread and by column."""
    lines = text.strip().splitlines()
    titles = lines[0].split()
    return {line.split()[0]: dict(zip(titles, line.split())) for line in lines[1:]}


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk", 4))
        case.add_iothread(qmp, "io1", poll_max_ns=77)
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n1"})
        qmp.execute("x-blockdev-set-iothread", {"node-name": "n1", "iothread": "io1"})
        threads = {thread["id"]: thread for thread in qmp.execute("query-iothreads")}

        with NbdConnection(export.address).go("disk"):
            done = tools.run(case, "iothread-top", "-b", "-n", "2", "-d", "0.2", str(daemon.monitor))
            wide = tools.run(case, "iothread-top", "-s", "-b", "-n", "1", "-d", "0.2", str(daemon.monitor))
        counted = table(wide.stdout)
        check(int(counted["io0"]["PASSES"]) > 0 and "POLLING.HITS" in counted["io1"], f"statistics: {wide.stdout}")
        equal(done.stderr, "", "errors")
        tables = done.stdout.split("\n\n")
        equal(len(tables), 2, "tables")
        for rows in map(table, tables):
            equal([(name, row["TID"]) for name, row in rows.items()],
                  [(name, str(thread["thread-id"])) for name, thread in threads.items()], "threads, in their order")
            equal((rows["io0"]["HOLDERS"], rows["io0"]["CONNS"]), ("block-export:e0(1)", "1"), "holders of io0")
            equal((rows["io1"]["HOLDERS"], rows["io1"]["CONNS"]), ("block-node:n1", "-"), "holders of io1")
            equal(rows["io1"]["POLL-MAX-NS"], "77", "poll-max-ns of io1")
            for row in rows.values():
                for column in ("CPU%", "VOL/s", "INVOL/s"):
                    check(float(row[column]) >= 0, f"{column} is {row[column]}")
        busy(case, daemon, export.address)
    comes_back(case)
    for options, status in ((["-n", "1"], 2), (["-d", "0"], 2), (["-b", "-n", "0"], 2), ([], 2), (["--help"], 0)):
        tools.run(case, "iothread-top", *options, case.path("nope.sock"), status=status)
    alone = tools.run(case, "iothread-top", "-b", case.path("nope.sock"), status=2)
    check("cannot connect" in alone.stderr, alone.stderr)


def busy(case: Case, daemon: Daemon, address: str | tuple[str, int]) -> None:
    """Requests make the thread wait and wake, and cost processor time."""
    with NbdConnection(address).go("disk") as client:
        top = case.spawn(*tools.argv(case, "iothread-top", "-b", "-n", "1", "-d", "1", str(daemon.monitor)))
        while top.running():
            client.read(0, 1 << 20)
        equal(top.wait_exit(), 0, "status")
    rows = table(top.stdout)
    check(float(rows["io0"]["CPU%"]) > max(0.5, float(rows["io1"]["CPU%"])), f"io0 is not the busy one:\n{top.stdout}")
    check(float(rows["io0"]["CPU%"]) < 150, f"more than a processor:\n{top.stdout}")


def comes_back(case: Case) -> None:
    """While the daemon is away top says so on standard error, and goes on with the next one."""
    path = case.path("back.sock")
    options = ["--object", "iothread,id=io0", "--chardev", f"socket,id=qmp,path={path},server=on,wait=off",
               "--monitor", "qmp"]
    first = case.start_plain(*options)
    top = case.spawn(*tools.argv(case, "iothread-top", "-b", "-n", "2", "-d", "0.5", str(path)), stdout=subprocess.PIPE)
    assert top.popen.stdout is not None
    check(b"IOTHREAD" in top.popen.stdout.readline(), "no table")
    first.signal(signal.SIGTERM)
    first.wait_exit()
    said(top, "closed the connection")
    said(top, "cannot connect")
    case.start_plain(*options)
    deadline = time.monotonic() + 30
    while b"IOTHREAD" not in (line := top.popen.stdout.readline()):
        check(line and time.monotonic() < deadline, "no second table")
    equal(top.wait_exit(), 0, "status")


def said(top: Process, text: str) -> None:
    top.until(lambda: text in top.stderr, f"standard error with '{text}'")
    check("next attempt in" in top.stderr, top.stderr)
