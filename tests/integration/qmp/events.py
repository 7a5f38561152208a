# SPDX-License-Identifier: Apache-2.0
"""Events reach every client that has negotiated by then, before the reply that they belong to, and no other client."""
from harness import Case, check, equal


def test(case: Case) -> None:
    daemon = case.start()
    acting, watching, silent = daemon.qmp(), daemon.qmp(), daemon.qmp(negotiate=False)
    case.add_iothread(acting, "io0")
    acting.execute("blockdev-add", {"driver": "null-co", "node-name": "n0"})

    acting.execute("x-blockdev-set-iothread", {"node-name": "n0", "iothread": "io0"})
    equal([event["event"] for event in acting.events], ["IOTHREAD_HOLDER_ADDED"], "events before the reply")
    data = {"iothread": "io0", "holder": {"type": "block-node", "node-name": "n0"}}
    watching.event("IOTHREAD_HOLDER_ADDED", data)

    silent.execute("qmp_capabilities")
    check(not silent.events, f"an event reached a client in negotiation: {silent.events}")
    acting.execute("x-blockdev-set-iothread", {"node-name": "n0", "iothread": None})
    for client in (acting, watching, silent):
        client.event("IOTHREAD_HOLDER_REMOVED", data)
    for client in (acting, watching, silent):
        client.close()
