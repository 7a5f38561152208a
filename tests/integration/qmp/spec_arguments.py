# SPDX-License-Identifier: Apache-2.0
"""The rules of arguments, row by row; whatever is refused has had no effect."""
import json
from typing import Any

from harness import Case, State, equal
from harness.spec_client import Row, SpecClient, error

MISSING, UNEXPECTED = "Parameter '{}' is missing", "Parameter '{}' is unexpected"
INTEGER = "Invalid parameter type for '{}', expected: integer"


def wrong_type(name: str, expected: str) -> dict[str, Any]:
    return error(f"Invalid parameter type for '{name}', expected: {expected}")


def call(command: str, **arguments: Any) -> str:
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return json.dumps({"execute": command, "arguments": named})


def add(**members: Any) -> str:
    return call("object-add", **({"qom-type": "iothread", "id": "io1"} | members))


def add_file(**members: Any) -> str:
    return call("blockdev-add", driver="file", node_name="n1", filename="/x", **members)


def start_server(**members: Any) -> str:
    address = {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}
    return call("nbd-server-start", **({"addr": address} | members))


def max_poll(value: str) -> str:
    return f'{{"execute": "object-add", "arguments": {{"qom-type": "iothread", "id": "io1", "poll-max-ns": {value}}}}}'


ROWS: list[Row] = [
    # A member that is not there; null is there.
    ('{"execute": "qom-get"}', error(MISSING.format("path"))), (call("qom-get"), error(MISSING.format("path"))),
    (call("qom-get", path="/objects"), error(MISSING.format("property"))),
    (call("qom-get", path=None, property="type"), wrong_type("path", "string")),
    (call("x-blockdev-set-iothread", node_name="n0"), error(MISSING.format("iothread"))),
    (call("object-add", id="io1"), error(MISSING.format("qom-type"))),
    (call("object-add", qom_type="iothread"), error(MISSING.format("id"))),
    # One that is not known, also where there are none.
    (call("query-version", x=1), error(UNEXPECTED.format("x"))),
    (call("query-iothreads", x=None), error(UNEXPECTED.format("x"))),
    (call("qom-get", path="/objects", property="type", zz=1), error(UNEXPECTED.format("zz"))),
    (add(props={"poll-max-ns": 5}), error(UNEXPECTED.format("props"))),
    ('{"execute": "object-add", "arguments": {"qom-type": "iothread", "id": "io1", "poll_max_ns": 5}}',
     error(UNEXPECTED.format("poll_max_ns"))),
    ('{"execute": "qom-get", "arguments": {"path": "/", "property": "type", "Path": 1}}',
     error(UNEXPECTED.format("Path"))),
    # Types.
    (call("qom-get", path=1, property="x"), wrong_type("path", "string")),
    (call("qom-get", path=["/"], property="x"), wrong_type("path", "string")),
    (call("qom-list-types", abstract="true"), wrong_type("abstract", "boolean")),
    (call("qom-list-types", abstract=1), wrong_type("abstract", "boolean")),
    (add_file(cache=True), wrong_type("cache", "object")), (add_file(cache=[]), wrong_type("cache", "object")),
    (call("qmp_capabilities", enable={}), wrong_type("enable", "array")),
    (call("block-export-add", type="nbd", id="e1", node_name="n0", iothread=5),
     wrong_type("iothread", "BlockExportIothreads")),
    (call("x-blockdev-set-iothread", node_name="n0", iothread=1), wrong_type("iothread", "StrOrNull")),
    (call("object-add", qom_type=1, id="io1"), wrong_type("qom-type", "string")),
    # Integers of 64 bits.
    *[(max_poll(value), error(INTEGER.format("poll-max-ns")))
      for value in ('"5"', "1.0", "1e3", "true", "null", "9223372036854775808", "18446744073709551616", "[]")],
    # Unsigned and narrow ones.
    *[(call("blockdev-add", driver="null-co", node_name="n1", latency_ns=value),
       error("Parameter 'latency-ns' expects uint64"))
      for value in ("1", 1.5, True, 1 << 64)],
    (start_server(max_connections=1 << 32), error("Parameter 'max-connections' expects uint32_t")),
    (start_server(max_connections=-1), error("Parameter 'max-connections' expects uint32_t")),
    (start_server(max_connections="1"), error("Parameter 'max-connections' expects uint64")),
    (start_server(max_connections=1.0), error("Parameter 'max-connections' expects uint64")),
    # Enumerations.
    (call("object-add", qom_type="nope", id="io1"), error("Parameter 'qom-type' does not accept value 'nope'")),
    (call("object-add", qom_type="", id="io1"), error("Parameter 'qom-type' does not accept value ''")),
    (call("object-add", qom_type="IOTHREAD", id="io1"), error("Parameter 'qom-type' does not accept value 'IOTHREAD'")),
    (call("blockdev-add", driver="nope", node_name="n1"), error("Parameter 'driver' does not accept value 'nope'")),
    (add_file(aio="fast"), error("Parameter 'aio' does not accept value 'fast'")),
    # Names of what is nested; enumerations and narrow integers give the last one, or null in a list.
    (add_file(cache={"direct": "on"}), wrong_type("cache.direct", "boolean")),
    (add_file(cache={"foo": True}), error(UNEXPECTED.format("cache.foo"))),
    (start_server(addr={"type": "unix"}), error(MISSING.format("addr.data"))),
    (start_server(addr={"type": "inet", "data": {"host": "::1"}}), error(MISSING.format("addr.data.port"))),
    (start_server(addr={"type": "inet", "data": {"host": 1, "port": "0"}}), wrong_type("addr.data.host", "string")),
    (start_server(addr={"type": "inet", "data": {"host": "::1", "port": 10809}}),
     wrong_type("addr.data.port", "string")),
    (start_server(addr={"type": "nope", "data": {}}), error("Parameter 'type' does not accept value 'nope'")),
    (call("qmp_capabilities", enable=[1]), wrong_type("enable[0]", "string")),
    (call("qmp_capabilities", enable=["oob", {}]), wrong_type("enable[1]", "string")),
    (call("qmp_capabilities", enable=["oob", "x"]), error("Parameter 'null' does not accept value 'x'")),
    (call("block-export-add", type="nbd", id="e1", node_name="n0", iothread=["io0", 1]),
     wrong_type("iothread[1]", "string")),
    # The first fault in the order of the schema; unknown members come last.
    (call("qom-get", zz=1, property=2), error(MISSING.format("path"))),
    (call("qom-get", zz=1, property=2, path="/"), wrong_type("property", "string")),
    (call("qom-get", property=1, path=2), wrong_type("path", "string")),
    (call("object-add", zz=1, id=1, qom_type="nope"), error("Parameter 'qom-type' does not accept value 'nope'")),
    (add(zz=1, poll_max_ns="1"), error(INTEGER.format("poll-max-ns"))),
    (call("quit", now=True), error(UNEXPECTED.format("now"))),
]


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as other, SpecClient(daemon.monitor or "") as client:
        case.add_iothread(other, "io0")
        other.execute("blockdev-add", {"driver": "null-co", "node-name": "n0"})
        client.begin(["oob"])
        before = State.of(daemon, other)
        client.check_rows(ROWS)
        before.unchanged(daemon, other, "refused arguments")
        equal(client.ask(max_poll("9223372036854775807")), [{"return": {}}], "answer to the largest integer")
