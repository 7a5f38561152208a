# SPDX-License-Identifier: Apache-2.0
"""A hundred IOThreads that watch a thousand sockets sleep when nothing comes: not one wake-up, no processor time.
After some work they go back to sleep: adaptive polling has to end.

For longer than the usual moment: IOTHREADD_IDLE_SECONDS=30.
"""
import os
import resource
import select
from contextlib import ExitStack

from harness import Case, Daemon, NbdConnection, check, equal

SECONDS = float(os.environ.get("IOTHREADD_IDLE_SECONDS", "3"))
THREADS = 100
CLIENTS = 1000
AFTER = 2
SETTLED = 1.0 # seconds without anything: longer than between two looks for stalls, which end soon after the last work


def switches(daemon: Daemon, thread_id: int) -> int:
    """How often a thread went to sleep or had to stop."""
    with open(f"/proc/{daemon.pid}/task/{thread_id}/status", encoding="ascii") as status:
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)


def activity(daemon: Daemon, threads: list[int]) -> dict[int, tuple[int, int]]:
    """What each of them did so far: context switches, processor time in nanoseconds."""
    return {tid: (switches(daemon, tid), daemon.cpu_ns(tid)) for tid in threads}


def wait(clients: list[NbdConnection], seconds: float) -> None:
    """Nothing may come to the clients meanwhile."""
    poller = select.poll()
    for client in clients:
        poller.register(client.socket, select.POLLIN)
    equal(poller.poll(seconds * 1000), [], "clients that were sent something")


def settle(daemon: Daemon, threads: list[int], clients: list[NbdConnection]) -> dict[int, tuple[int, int]]:
    """Wait for the end of what the connections began; what the threads did until then."""
    before = activity(daemon, threads)
    for _ in range(30):
        wait(clients, SETTLED)
        now = activity(daemon, threads)
        if now == before:
            break
        before = now
    return before


def check_asleep(daemon: Daemon, threads: list[int], clients: list[NbdConnection]) -> None:
    """Nothing happens in any of the threads."""
    before = settle(daemon, threads, clients)
    wait(clients, SECONDS)
    after = activity(daemon, threads)
    woken = {tid: (after[tid][0] - before[tid][0], after[tid][1] - before[tid][1])
             for tid in threads if after[tid] != before[tid]}
    check(not woken, f"{len(woken)} of {len(threads)} threads did something in {SECONDS} s of idling; "
                     f"thread: (context switches, ns): {dict(list(woken.items())[:10])}")


def check_back_to_sleep(daemon: Daemon, threads: list[int], clients: list[NbdConnection]) -> None:
    """Soon after the last of many requests there is next to nothing: each client's buffers are given back, later."""
    before = activity(daemon, threads)
    for client in clients:
        client.read(0, 4096)
    busy = activity(daemon, threads)
    equal(sum(busy[tid] != before[tid] for tid in threads), len(threads), "IOThreads that serve some of the clients")
    wait(clients, AFTER)
    after = activity(daemon, threads)
    spent = sum(after[tid][1] - busy[tid][1] for tid in threads)
    check(spent < AFTER * 1_000_000_000 // 50, f"{spent} ns of processor time in {AFTER} s after the last request")


def test(case: Case) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    daemon = case.start()
    with daemon.qmp() as qmp, ExitStack() as stack:
        names = [f"io{number}" for number in range(THREADS)]
        for name in names:
            case.add_iothread(qmp, name)
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20})
        address = str(case.path("nbd.sock"))
        qmp.execute("nbd-server-start", {"addr": {"type": "unix", "data": {"path": address}}, "max-connections": 0,
                                         "handshake-max-seconds": 0}) # no timer of a handshake
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "name": "disk",
                                         "iothread": names})
        clients = [stack.enter_context(NbdConnection(address).go("disk")) for _ in range(CLIENTS)]
        threads = [thread["thread-id"] for thread in qmp.execute("query-iothreads")]
        equal(len(threads), THREADS, "IOThreads")
        check_asleep(daemon, [daemon.pid, *threads], clients)
        check_back_to_sleep(daemon, threads, clients)
