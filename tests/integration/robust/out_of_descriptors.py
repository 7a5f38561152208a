# SPDX-License-Identifier: Apache-2.0
"""Clients take every descriptor there is: the daemon does not spin or die, and serves again when they have gone."""
import select
import socket

from harness import Case, NbdConnection, check, equal

DESCRIPTORS = 80
CLIENTS = 120


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.setblocking(False)
    try:
        client.connect(path)
    except BlockingIOError:
        pass # the backlog is full, which is fine as well
    return client


def test(case: Case) -> None:
    case.need("prlimit")
    daemon = case.start(launcher=("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"))
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 1))
        idle = daemon.resources()
        crowd = [connect(str(daemon.monitor)) for _ in range(CLIENTS)] + [
            connect(str(export.address)) for _ in range(CLIENTS)
        ]
        qmp.execute("query-iothreads")
        spent = daemon.cpu_ns(daemon.pid)
        select.select([], [], [], 1.0) # a second in which there is nothing to do
        spent = daemon.cpu_ns(daemon.pid) - spent
        check(spent < 300_000_000, f"{spent} ns of processor time in a second without a free descriptor")
        desc = qmp.refused(
            "blockdev-add", {"driver": "file", "node-name": "n1", "filename": str(case.image("b.img", 1))}
        )
        check("Too many open files" in desc, desc)
        qmp.refused("object-add", {"qom-type": "iothread", "id": "io1"}, text="Too many open files")
        for client in crowd:
            client.close()
        daemon.until_resources(idle, "threads and descriptors after the crowd")
        with daemon.qmp() as again, NbdConnection(export.address).go("disk") as client:
            equal(len(again.execute("query-iothreads")), 1, "IOThreads")
            equal(client.read(0, 512), bytes(512), "data")
