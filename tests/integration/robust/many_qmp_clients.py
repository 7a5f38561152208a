# SPDX-License-Identifier: Apache-2.0
"""Hundreds of QMP clients: each is served or told that the house is full, none is left without a word."""
import json
import socket

from harness import Case, check, equal

CLIENTS = 400


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as first:
        idle = daemon.resources()
        clients = []
        served = 0
        for number in range(CLIENTS):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.settimeout(30)
            client.connect(str(daemon.monitor))
            line = client.makefile("rb").readline()
            check(line.endswith(b"\r\n"), f"client {number} got {line!r}")
            message = json.loads(line)
            check("QMP" in message or set(message) == {"error"}, f"client {number} got {message}")
            served += "QMP" in message
            clients.append(client)
        check(served >= 16, f"only {served} clients are served at a time")
        equal(first.execute("query-iothreads"), [], "answer to the first client")
        for client in clients:
            client.close()
        daemon.until_resources(idle, "descriptors when they have gone")
        daemon.qmp().close()
