# SPDX-License-Identifier: Apache-2.0
"""Monitors in an IOThread come and go while clients connect, ask and leave: nothing is left, and nothing breaks."""
import random
import socket
import threading
import time

from harness import Case, check, equal

SECONDS = 6.0
CLIENTS = 6
PACKETS = (b'{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}', b'{"exec-oob":"query-clients"}',
           b'{"execute":"query-iothreads"}' * 20, b'{"exec-oob":"query-iothreads"}', b'{"execute":"query-qmp-schema"}' * 40,
           b'{"execute":', b"\xff", b'{"exec-oob":"client-disconnect","arguments":{"id":9}}')


def test(case: Case) -> None:
    path = case.path("second.sock")
    daemon = case.start("--object", "iothread,id=io0", "--chardev", f"socket,id=second,path={path},server=on")
    with daemon.qmp() as qmp:
        before = daemon.resources()
        end = time.monotonic() + SECONDS
        threads = [threading.Thread(target=annoy, args=(str(path), seed, end)) for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        rounds = 0
        while time.monotonic() < end:
            qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "second", "iothread": "io0"})
            for _ in range(20):
                qmp.execute("query-clients")
            qmp.execute("object-del", {"id": "m"})
            equal(qmp.execute("query-iothreads")[0]["holders"], [], "holders without the monitor")
            rounds += 1
        for thread in threads:
            thread.join()
        check(rounds > 10, f"only {rounds} monitors")
        qmp.execute("object-add", {"qom-type": "monitor-qmp", "id": "m", "chardev": "second", "iothread": "io0"})
        daemon.until(lambda: len(qmp.execute("query-clients")) == 1, "the last client gone")
        qmp.execute("object-del", {"id": "m"})
        daemon.until_resources(before, "threads and descriptors as before")


def annoy(path: str, seed: int, end: float) -> None:
    """A client that asks at random, reads at random, and leaves at random."""
    chance = random.Random(seed)
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(0.2)
            try:
                client.connect(path)
                client.sendall(PACKETS[0])
                for _ in range(chance.randrange(8)):
                    client.sendall(chance.choice(PACKETS))
                    if chance.random() < 0.7:
                        client.recv(chance.choice((1, 100, 100_000)))
            except OSError:
                pass  # the monitor went, or did not come yet
