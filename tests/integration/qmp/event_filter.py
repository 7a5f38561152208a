# SPDX-License-Identifier: Apache-2.0
"""set-event-filter chooses the events of one client; event-seq numbers them, and query-events-since fills the gaps."""
from harness import Case, QmpClient, check, equal

ALL = ["IOTHREAD_HOLDER_ADDED", "IOTHREAD_HOLDER_REMOVED", "BLOCK_EXPORT_DELETED"]


def export_once(case: Case, qmp: QmpClient) -> None:
    qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "iothread": "io0"})
    qmp.execute("block-export-del", {"id": "e0"})


def test(case: Case) -> None:
    daemon = case.start()
    numbered, picky, plain = daemon.qmp(enable=("event-seq",)), daemon.qmp(), daemon.qmp()
    case.add_iothread(plain, "io0")
    plain.execute("blockdev-add", {"driver": "null-co", "node-name": "n0", "size": 1 << 20})
    plain.execute("nbd-server-start", {"addr": {"type": "unix", "data": {"path": str(case.path("nbd.sock"))}}})

    text = picky.refused("set-event-filter", {"events": ["SHUTDOWN", "NOPE"]})
    equal(text, "Event 'NOPE' not found", "refusal")
    picky.execute("set-event-filter", {"events": ["BLOCK_EXPORT_DELETED"]})
    export_once(case, plain)
    equal([numbered.event(name)["seq"] for name in ALL], [1, 2, 3], "numbers")
    check(all("seq" not in plain.event(name) for name in ALL), "a number nobody asked for")
    picky.execute("query-version")
    equal([event["event"] for event in picky.events], ["BLOCK_EXPORT_DELETED"], "events through the filter")
    picky.events.clear()

    picky.execute("set-event-filter", {"events": []})
    numbered.close()
    export_once(case, plain)
    picky.execute("set-event-filter")
    picky.execute("query-version")
    equal(picky.events, [], "events through an empty filter")

    back = daemon.qmp(enable=("event-seq",))
    history = back.execute("query-events-since", {"seq": 3})
    equal([(event["seq"], event["event"]) for event in history["events"]], list(zip((4, 5, 6), ALL)), "what was missed")
    equal(history["events"][2]["data"], {"id": "e0"}, "data")
    equal((history["last-seq"], history["missed"]), (6, 0), "numbers")
    export_once(case, plain)
    equal([back.event(name)["seq"] for name in ALL], [7, 8, 9], "numbers go on")
    again = back.execute("query-events-since", {"seq": 0})
    equal([event["seq"] for event in again["events"]], list(range(1, 10)), "everything")
    equal(again["instance"], history["instance"], "instance")
    for wrong in (-1, 10):
        back.refused("query-events-since", {"seq": wrong}, text="must be from 0 to 9")

    for _ in range(400):
        export_once(case, plain)
    late = back.execute("query-events-since", {"seq": 9})
    equal((len(late["events"]), late["missed"], late["last-seq"]), (1000, 200, 1209), "kept, missed, last")
    equal(late["events"][0]["seq"], 210, "the oldest that is kept")
    for client in (picky, plain, back):
        client.close()
