# SPDX-License-Identifier: Apache-2.0
"""The rules of the command object and of the id, row by row; with out-of-band execution and without."""
from typing import Any

from harness import Case, check, equal
from harness.spec_client import Row, SpecClient, Syntax, error, not_found, returns


def unexpected(name: str, id: Any) -> dict[str, Any]:
    return error(f"QMP input member '{name}' is unexpected", id=id)


COMMON: list[Row] = [
    ("1", error("QMP input must be a JSON object")),
    ("null", error("QMP input must be a JSON object")),
    ('"query-version"', error("QMP input must be a JSON object")),
    ('[{"execute": "query-version", "id": 1}]', error("QMP input must be a JSON object")),
    ('{"execute": "query-iothreads", "foo": 1, "id": 1}', unexpected("foo", 1)),
    ('{"execute": "query-iothreads", "": 1, "id": 2}', unexpected("", 2)),
    ('{"control": {}, "id": 3}', unexpected("control", 3)),
    ('{"EXECUTE": "query-iothreads", "id": 4}', unexpected("EXECUTE", 4)),
    ('{"execute": 1, "id": 5}', error("QMP input member 'execute' must be a string", id=5)),
    ('{"execute": null, "id": 5}', error("QMP input member 'execute' must be a string", id=5)),
    ('{"id": 7, "execute": true}', error("QMP input member 'execute' must be a string", id=7)),
    ('{"execute": "query-iothreads", "arguments": null, "id": 8}',
     error("QMP input member 'arguments' must be an object", id=8)),
    ('{"execute": "query-iothreads", "arguments": [], "id": 9}',
     error("QMP input member 'arguments' must be an object", id=9)),
    ('{"execute": "query-iothreads", "arguments": "x"}', error("QMP input member 'arguments' must be an object")),
    ("{}", error("QMP input lacks member 'execute'")),
    ('{"id": 10}', error("QMP input lacks member 'execute'", id=10)),
    ('{"arguments": {}, "id": 11}', error("QMP input lacks member 'execute'", id=11)),
    ('{"execute": "nope", "arguments": {"x": 1}, "id": 12}', not_found("The command nope has not been found", 12)),
    ('{"execute": "", "id": 13}', not_found("The command  has not been found", 13)),
    ('{"execute": "QUERY-VERSION"}', not_found("The command QUERY-VERSION has not been found")),
    # A member twice is an error of the JSON, so without an id; told at the last token of the second value.
    ('{"execute": "nope", "id": 1, "execute": "nope"}', Syntax(41, "duplicate key")),
    ('{"execute": "nope", "arguments": {"a": [{"b": 1, "b": 2}]}, "id": 1}', Syntax(55, "duplicate key")),
    # An id is anything and comes back as it is; null is one, and equal ones are no problem.
    ('{"execute": "query-iothreads"}', returns([])),
    ('{"execute": "query-iothreads", "id": null}', returns([], None)),
    ('{"id": {"a": [1, 2.5, null, true, "x"]}, "execute": "nope"}',
     not_found("The command nope has not been found", {"a": [1, 2.5, None, True, "x"]})),
    ('{"execute": "query-iothreads", "id": ""}{"arguments": {}, "id": "", "execute": "query-iothreads"}',
     [returns([], ""), returns([], "")]),
    ('{"id": 9, "execute": "nope",}', Syntax(29, "expecting key")),
]
WITHOUT_OOB: list[Row] = [
    ('{"exec-oob": "query-iothreads", "id": 1}', unexpected("exec-oob", 1)),
    ('{"exec-oob": 1, "id": 1}', unexpected("exec-oob", 1)),
    ('{"exec-oob": "query-iothreads", "execute": "query-iothreads", "id": 1}', unexpected("exec-oob", 1)),
]
WITH_OOB: list[Row] = [
    ('{"exec-oob": 1, "id": 1}', error("QMP input member 'exec-oob' must be a string", id=1)),
    ('{"exec-oob": null}', error("QMP input member 'exec-oob' must be a string")),
    ('{"exec-oob": "query-iothreads", "execute": "query-iothreads", "id": 1}',
     error("QMP input member 'execute' clashes with 'exec-oob'", id=1)),
    ('{"execute": "query-iothreads", "exec-oob": "query-iothreads"}',
     error("QMP input member 'execute' clashes with 'exec-oob'")),
    ('{"exec-oob": "query-version", "arguments": {"x": 1}, "id": 1}',
     error("The command query-version does not support OOB", id=1)),
    ('{"exec-oob": "nope", "id": 1}', not_found("The command nope has not been found", 1)),
    ('{"exec-oob": "query-iothreads", "foo": 1, "id": 1}', unexpected("foo", 1)),
    ('{"exec-oob": "query-iothreads", "arguments": 1}', error("QMP input member 'arguments' must be an object")),
    ('{"exec-oob": "query-iothreads", "id": 1}', returns([], 1)),
    ('{"exec-oob": "query-iothreads", "arguments": {"x": 1}}', error("Parameter 'x' is unexpected")),
]
# Several faults give one error; "lacks" is the last to be told.
FAULTS = [b'{"foo": 1, "execute": 1, "arguments": 1, "id": 1}', b'{"bar": 1, "foo": 2, "id": 1}',
          b'{"arguments": 1, "id": 1}', b'{"execute": [], "arguments": [], "id": 1}']


def check_one_error(client: SpecClient) -> None:
    for sent in FAULTS:
        answers = client.ask(sent)
        equal(len(answers), 1, f"answers to {sent!r}")
        refused = answers[0]["id"] == 1 and answers[0]["error"]["class"] == "GenericError"
        check(refused, f"answer to {sent!r}: {answers}")
        check("lacks" not in answers[0]["error"]["desc"], f"another fault comes first in {sent!r}: {answers}")


def test(case: Case) -> None:
    path = str(case.start().monitor)
    with SpecClient(path) as client:
        client.begin().check_rows([*COMMON, *WITHOUT_OOB])
        check_one_error(client)
    with SpecClient(path) as client:
        client.begin(["oob"]).check_rows([*COMMON, *WITH_OOB])
        check_one_error(client)
        for allowed in (command for command in schema_commands(client) if command.get("allow-oob")):
            name = allowed["name"] # each takes its place in the queue as well
            answer = client.ask(f'{{"execute": "{name}", "arguments": {{"no such": 1}}}}')
            check(len(answer) == 1 and "error" in answer[0], f"{name} in band: {answer}")


def schema_commands(client: SpecClient) -> list[dict[str, Any]]:
    entries = client.ask('{"execute": "query-qmp-schema"}')[0]["return"]
    return [entry for entry in entries if entry["meta-type"] == "command"]
