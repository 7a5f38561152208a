# SPDX-License-Identifier: Apache-2.0
"""Daemons that find the same abandoned socket: one takes its place and stays reachable, the others are refused."""
import os
import select
import signal
import socket
from pathlib import Path

from harness import Case, Daemon, QmpClient, check, equal


def test(case: Case) -> None:
    slow_replacement(case)
    at_once(case)
    killed_while_it_replaces(case)


def abandon(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gone:
        gone.bind(str(path))


def start(case: Case, path: Path, env: dict[str, str] | None = None) -> Daemon:
    return case.start_plain("--qmp", f"unix:{path},server=on", env=env, monitor=path, wait_ready=False)


def refused(daemon: Daemon, path: Path) -> None:
    daemon.expect_exit(1)
    check(f"Failed to bind socket to {path}: Address already in use" in daemon.stderr, daemon.stderr)


def answers(daemon: Daemon, path: Path) -> None:
    with QmpClient(path) as qmp:
        qmp.execute("query-version")
    inode = path.stat().st_ino
    check(daemon.running() and inode == path.stat().st_ino, "another socket")
    equal([name for name in os.listdir(path.parent) if "lock" in name], [], "locks")


def slow_replacement(case: Case) -> None:
    """One has found out that nobody answers, and is about to remove the file, when the other one comes."""
    gate = case.gate()
    path = case.path("slow.sock")
    abandon(path)
    slow = start(case, path, gate.env)
    lock = case.path(".slow.sock.iothreadd-lock")
    slow.until(lambda: gate.reached, "its wait at the gate")
    check(lock.exists(), "no lock")
    refused(start(case, path), path)
    with gate.open():
        slow.wait_ready()
        answers(slow, path)
        refused(start(case, path), path)
        slow.finish()
    check(not path.exists(), "the socket file is left")


def at_once(case: Case) -> None:
    path = case.path("once.sock")
    for _ in range(5):
        abandon(path)
        daemons = [start(case, path) for _ in range(4)]
        for daemon in daemons:
            select.select([daemon.notify.socket, daemon.pidfd], [], [], 60) # ready, or over
        alive = [daemon for daemon in daemons if daemon.running()]
        equal(len(alive), 1, "daemons on one path")
        answers(alive[0], path)
        for daemon in daemons:
            if daemon is not alive[0]:
                refused(daemon, path)
        alive[0].finish()


def killed_while_it_replaces(case: Case) -> None:
    path = case.path("slow.kill")
    gate = case.gate()
    abandon(path)
    victim = start(case, path, gate.env)
    victim.until(lambda: gate.reached, "its wait at the gate")
    victim.signal(signal.SIGKILL)
    equal(victim.wait_exit(), -signal.SIGKILL, "its end")
    victim.finished = True
    victim.notify.close()
    heir = start(case, path)
    heir.wait_ready()
    answers(heir, path)
    heir.finish()
