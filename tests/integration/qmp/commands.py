# SPDX-License-Identifier: Apache-2.0
"""query-commands lists every command, and query-qmp-schema describes the same ones and the events,
without a loose end.
"""
from collections.abc import Iterator
from typing import Any

from harness import Case, check, equal

COMMANDS = {
    "qmp_capabilities", "query-version", "query-commands", "query-qmp-schema", "quit", "object-add", "object-del",
    "qom-list", "qom-list-get", "qom-get", "qom-set", "qom-list-types", "qom-list-properties", "query-iothreads",
    "query-iothread-stats", "human-monitor-command", "blockdev-add", "blockdev-del", "query-named-block-nodes", "nbd-server-start",
    "nbd-server-stop", "block-export-add", "block-export-del", "query-block-exports", "x-blockdev-set-iothread",
    "query-nbd-server", "query-clients", "client-disconnect", "set-event-filter", "query-events-since",
}
OUT_OF_BAND = {"query-iothreads", "query-iothread-stats", "query-clients", "client-disconnect"}
EVENTS = {"BLOCK_EXPORT_DELETED", "EVENTS_DROPPED", "IOTHREAD_HOLDER_ADDED", "IOTHREAD_HOLDER_REMOVED", "IOTHREAD_STALLED",
          "SHUTDOWN"}


def references(entry: dict[str, Any]) -> Iterator[str]:
    for key in ("arg-type", "ret-type", "element-type"):
        if key in entry:
            yield entry[key]
    for member in entry.get("members", []) + entry.get("variants", []):
        if "type" in member:
            yield member["type"]


def test(case: Case) -> None:
    with case.start().qmp() as qmp:
        listed = [entry["name"] for entry in qmp.execute("query-commands")]
        schema = qmp.execute("query-qmp-schema")
    equal(len(listed), len(set(listed)), "names in query-commands, with and without repetition")
    check(COMMANDS <= set(listed), f"commands missing: {COMMANDS - set(listed)}")

    entries = {entry["name"]: entry for entry in schema}
    equal(len(entries), len(schema), "names in query-qmp-schema, with and without repetition")
    for entry in schema:
        for name in references(entry):
            check(name in entries, f"{entry['name']} refers to {name}, which is not there")
    of_kind = {kind: {name for name in entries if entries[name]["meta-type"] == kind} for kind in ("command", "event")}
    equal(of_kind["command"], set(listed), "commands of query-qmp-schema")
    equal(of_kind["event"], EVENTS, "events of query-qmp-schema")

    equal({name for name in entries if entries[name].get("allow-oob")}, OUT_OF_BAND, "commands that allow OOB")

    add = entries[entries["object-add"]["arg-type"]]
    equal(add["tag"], "qom-type", "object-add's tag")
    equal([variant["case"] for variant in add["variants"]], ["iothread", "monitor-hmp", "monitor-qmp"],
          "object-add's variants")
    members = {member["name"]: member for member in entries[add["variants"][0]["type"]]["members"]}
    check({"poll-max-ns", "poll-grow", "poll-shrink", "poll-weight", "aio-max-batch", "thread-pool-min",
           "thread-pool-max", "fd-monitor"} <= members.keys(), f"properties of iothread: {sorted(members)}")
    check(all("default" in member for member in members.values()), "a property of iothread is not optional")
    check("unstable" in entries["x-blockdev-set-iothread"].get("features", []), "x-blockdev-set-iothread is unstable")
