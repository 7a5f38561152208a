# SPDX-License-Identifier: Apache-2.0
"""A client that asks and never reads is not listened to for long: bounded memory, and nobody else's time."""
import select
import time

from harness import Case, check

ASK = b'{"execute": "query-qmp-schema"}' * 64
MOST_BYTES = 16 << 20
PATIENCE = 10.0


def test(case: Case) -> None:
    daemon = case.start()
    other, greedy = daemon.qmp(), daemon.qmp()
    before = daemon.resident_bytes()
    sent, deadline = 0, time.monotonic() + PATIENCE
    try:
        # Either the daemon stops reading (the socket fills up) or it drops the client.
        while sent < MOST_BYTES and time.monotonic() < deadline and select.select([], [greedy.socket], [], 0.5)[1]:
            sent += greedy.socket.send(ASK)
            if sent % (64 * len(ASK)) == 0:
                other.execute("query-version")
    except (BrokenPipeError, ConnectionResetError):
        pass
    check(sent < MOST_BYTES, f"{sent} bytes of commands were taken from a client that reads nothing")
    other.execute("query-iothreads")
    grown = (daemon.resident_bytes() - before) >> 20
    check(grown < 64, f"{grown} MiB more for a client that sent {sent} bytes and reads nothing")
    greedy.close()
    other.close()
