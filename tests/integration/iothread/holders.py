# SPDX-License-Identifier: Apache-2.0
"""Many holders on one IOThread: newest first, eight of them named in the refusal, each released for itself."""
from harness import Case, check, equal
from harness.storage import start_nbd_server

EXPORTS = 12


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        case.add_iothread(qmp, "io0")
        case.add_iothread(qmp, "io1")
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "n0"})
        start_nbd_server(qmp, case.directory)
        for number in range(EXPORTS):
            qmp.execute("block-export-add", {"type": "nbd", "id": f"e{number}", "node-name": "n0", "name": f"x{number}",
                                             "iothread": ["io0", "io1"] if number == 3 else "io0"})

        def held(thread: int) -> list[str]:
            return [holder["export-name"] for holder in qmp.execute("query-iothreads")[thread]["holders"]]

        newest_first = [f"e{number}" for number in reversed(range(EXPORTS))]
        equal(held(0), newest_first, "holders of io0")
        equal(held(1), ["e3"], "holders of io1")
        named = ", ".join(f"block-export '{name}'" for name in newest_first[:8])
        equal(qmp.refused("object-del", {"id": "io0"}),
              f"object 'io0' is in use, can not be deleted: held by {named} and {EXPORTS - 8} more", "refusal")
        qmp.refused("block-export-add", {"type": "nbd", "id": "dup", "node-name": "n0", "iothread": ["io0", "io0"]},
                    text="io0")
        qmp.execute("block-export-del", {"id": "e3"})
        qmp.execute("block-export-del", {"id": "e0"})
        newest_first.remove("e3")
        newest_first.remove("e0")
        equal(held(0), newest_first, "holders of io0")
        equal(held(1), [], "holders of io1")
        qmp.execute("object-del", {"id": "io1"})
        qmp.events.clear()
        qmp.execute("nbd-server-stop")
        kinds = [event["event"] for event in qmp.events]
        equal(
            sorted(kinds), ["BLOCK_EXPORT_DELETED"] * (EXPORTS - 2) + ["IOTHREAD_HOLDER_REMOVED"] * (EXPORTS - 2),
            "events"
        )
        for event in qmp.events:
            if event["event"] == "BLOCK_EXPORT_DELETED":
                gone = [other["data"]["holder"]["export-name"] for other in qmp.events[:qmp.events.index(event)]
                        if other["event"] == "IOTHREAD_HOLDER_REMOVED"]
                check(event["data"]["id"] in gone, f"{event} came before its HOLDER_REMOVED")
        qmp.execute("object-del", {"id": "io0"})
