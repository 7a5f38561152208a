# SPDX-License-Identifier: Apache-2.0
"""Exports, nodes and IOThreads come, move and go under clients that come and go:
the daemon keeps its books straight.
"""
import random
import threading

from harness import Case, Failure, NbdConnection, QmpClient, QmpError, check, nbd
from harness.storage import start_nbd_server

STEPS = 400
NAMES = ("e0", "e1", "e2")
THREADS = ("io0", "io1", "io2")


def hammer(address: str, seed: int, stop: threading.Event) -> None:
    """One client after the other, each with a few requests in flight when its export goes."""
    dice = random.Random(seed)
    while not stop.is_set():
        try:
            with NbdConnection(address, timeout=30) as client:
                client.go(dice.choice(NAMES), structured=dice.random() < 0.5)
                for cookie in range(dice.randrange(1, 30)):
                    offset = dice.randrange(0, 1 << 20, 4096)
                    client.send(nbd.request(nbd.CMD_READ, 2 * cookie, offset, 4096)
                                + nbd.request(nbd.CMD_WRITE, 2 * cookie + 1, offset, 512, data=bytes(512)))
                    client.chunk(4096)
        except (Failure, OSError):
            pass # its export was not there, or went


def step(qmp: QmpClient, dice: random.Random) -> None:
    export, thread = dice.choice(NAMES), dice.choice(THREADS)
    node = f"n{export[1]}"
    place = dice.choice(({}, {"iothread": thread}, {"iothread": list(THREADS[:2])}))
    command, arguments = dice.choice((
        (
            "block-export-add",
            {"type": "nbd", "id": export, "node-name": node, "name": export, "writable": True} | place
        ),
        (
            "block-export-add",
            {"type": "nbd", "id": export, "node-name": node, "name": export, "writable": True} | place
        ),
        ("block-export-del", {"id": export, "mode": dice.choice(("safe", "hard"))}),
        ("x-blockdev-set-iothread", {"node-name": node, "iothread": dice.choice((thread, None)), "force": True}),
        ("object-add", {"qom-type": "iothread", "id": thread, "fd-monitor": dice.choice(("auto", "epoll"))}),
        ("object-del", {"id": thread}), ("blockdev-del", {"node-name": node}),
        ("qom-set", {"path": thread, "property": "poll-max-ns", "value": dice.choice((0, 1000, 100000))})))
    try:
        qmp.execute(command, arguments)
    except QmpError:
        pass # held, gone or there already


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        for node in ("n0", "n1"):
            case.add_file(qmp, node, case.image(f"{node}.img", 1))
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n2", "latency-ns": 200_000})
        address = start_nbd_server(qmp, case.directory)
        stop = threading.Event()
        clients = [threading.Thread(target=hammer, args=(address, seed, stop)) for seed in range(4)]
        for client in clients:
            client.start()
        dice = random.Random(11)
        try:
            for _ in range(STEPS):
                step(qmp, dice)
                held = {(info["id"], holder.get("export-name")) for info in qmp.execute("query-iothreads")
                        for holder in info["holders"] if holder["type"] == "block-export"}
                served = {(name, export["id"]) for export in qmp.execute("query-block-exports")
                          for name in export["iothreads"]}
                check(held == served, f"holders {held}, but exports run in {served}")
                qmp.events.clear()
        finally:
            stop.set()
            for client in clients:
                client.join()
        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] == 0, "no connection is left")
