# SPDX-License-Identifier: Apache-2.0
"""A daemon at work refuses every kind of wrong command and is afterwards exactly as before;
its client notices nothing.
"""
from typing import Any

from harness import Case, NbdConnection, State, equal

IOTHREAD = {"qom-type": "iothread", "id": "new"}
EXPORT = {"type": "nbd", "id": "new", "node-name": "n0", "name": "new"}
MOVE = "x-blockdev-set-iothread"
WRONG: list[tuple[str, dict[str, Any] | None]] = [
    ("object-add", None), ("object-add", {"qom-type": "iothread"}),
    ("object-add", {"qom-type": "iothread", "id": "io0"}),
    ("object-add", IOTHREAD | {"id": 5}), ("object-add", IOTHREAD | {"poll-max-ns": -1}),
    ("object-add", IOTHREAD | {"x": 1}),
    ("object-add", IOTHREAD | {"poll-weight": 64}),
    ("object-add", IOTHREAD | {"thread-pool-min": 9, "thread-pool-max": 8}),
    ("object-add", IOTHREAD | {"thread-pool-max": 1 << 31}), ("object-add", IOTHREAD | {"fd-monitor": "kqueue"}),
    ("object-del", {"id": "io0"}), ("object-del", {"id": "nope"}), ("object-del", {"id": ["io0"]}),
    ("object-del", None),
    ("qom-set", {"path": "io0", "property": "poll-max-ns", "value": -1}),
    ("qom-set", {"path": "io0", "property": "poll-max-ns", "value": 1.5}),
    ("qom-set", {"path": "io0", "property": "poll-max-ns", "value": 1 << 63}),
    ("qom-set", {"path": "io0", "property": "poll-grow", "value": {}}),
    ("qom-set", {"path": "io0", "property": "thread-pool-min", "value": 65}),
    ("qom-set", {"path": "io0", "property": "thread-pool-max", "value": -1}),
    ("qom-set", {"path": "io0", "property": "fd-monitor", "value": "epoll"}),
    ("qom-set", {"path": "io0", "property": "nope", "value": 1}),
    ("qom-set", {"path": "io0", "property": "type", "value": ""}),
    ("blockdev-add", {"driver": "file", "node-name": "new"}),
    ("blockdev-add", {"driver": "null-co", "node-name": "n0"}),
    ("blockdev-add", {"driver": "file", "node-name": "new", "filename": "/nonexistent/x"}),
    ("blockdev-add", {"driver": "file", "node-name": "new", "filename": "/"}),
    ("blockdev-add", {"driver": "null-co", "node-name": "new", "size": -1}),
    ("blockdev-add", {"driver": "null-co", "node-name": "new", "latency-ns": -1}),
    ("blockdev-add", {"driver": "null-co", "node-name": "new", "size": "1M"}),
    ("blockdev-add", {"driver": "file", "node-name": "new", "filename": "/dev/null", "aio": "fast"}),
    ("blockdev-add", {"driver": "null-co", "node-name": "x" * 32}),
    ("blockdev-add", {"driver": "null-co", "node-name": "0"}),
    ("blockdev-del", {"node-name": "n0"}), ("blockdev-del", {"node-name": "nope"}), ("blockdev-del", {"id": "n0"}),
    ("nbd-server-start", {"addr": {"type": "unix", "data": {"path": "/nonexistent/x"}}}),
    ("nbd-server-start", {"addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}}),
    ("block-export-add", EXPORT | {"id": "e0"}), ("block-export-add", EXPORT | {"name": "disk"}),
    ("block-export-add", EXPORT | {"name": "x" * 4097}), ("block-export-add", EXPORT | {"description": "x" * 4097}),
    ("block-export-add", EXPORT | {"node-name": "nope"}), ("block-export-add", EXPORT | {"iothread": "nope"}),
    ("block-export-add", EXPORT | {"iothread": ["io0", "nope"]}), ("block-export-add", EXPORT | {"iothread": []}),
    ("block-export-add", EXPORT | {"iothread": ["io0", "io0"]}), ("block-export-add", EXPORT | {"iothread": {"a": 1}}),
    ("block-export-add", EXPORT | {"iothread": ["io0", "io1"], "fixed-iothread": True}),
    ("block-export-add", EXPORT | {"type": "fuse"}), ("block-export-add", EXPORT | {"id": "-"}),
    ("block-export-add", EXPORT | {"node-name": "ro", "writable": True}),
    ("block-export-add", EXPORT | {"writable": 1}),
    ("block-export-del", {"id": "e0"}), ("block-export-del", {"id": "nope"}),
    ("block-export-del", {"id": "e0", "mode": "x"}),
    (MOVE, {"node-name": "n0", "iothread": "io1"}), (MOVE, {"node-name": "n0", "iothread": "nope", "force": True}),
    (MOVE, {"node-name": "nope", "iothread": "io0"}), (MOVE, {"node-name": "n0", "iothread": 7}),
    ("human-monitor-command", {"command-line": 1}), ("qom-get", {"path": "io0", "property": "nope"}),
    ("qom-list", {"path": ""}),
]


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp, daemon.qmp() as watching:
        export = case.serve(qmp, case.image("disk.img", 1, random=True))
        case.add_iothread(qmp, "io1")
        qmp.execute("blockdev-add", {"driver": "null-co", "node-name": "ro", "read-only": True})
        data = export.image.read_bytes()
        with NbdConnection(export.address).go("disk") as client:
            before = State.of(daemon, qmp)
            qmp.events.clear()
            for command, arguments in WRONG:
                qmp.refused(command, arguments)
                before.unchanged(daemon, qmp, f"{command} {arguments}")
                equal(client.read(0, 4096), data[:4096], f"data after {command} {arguments}")
            for command in ("nope", "block_export_add", "QUIT", ""):
                qmp.refused(command, kind="CommandNotFound")
            before.unchanged(daemon, qmp, "unknown commands")
            equal(qmp.events, [], "events of refused commands")
            client.disconnect()
        watching.event("IOTHREAD_HOLDER_ADDED")
        equal(watching.events, [], "events that the other client saw")
