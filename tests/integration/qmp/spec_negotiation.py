# SPDX-License-Identifier: Apache-2.0
"""The rules of greeting and negotiation, row by row."""
from harness import Case, check, equal
from harness.spec_client import Row, SpecClient, Syntax, error, not_found, returns

EXPECTING = "Expecting capabilities negotiation with 'qmp_capabilities'"
COMPLETE = "Capabilities negotiation is already complete, command ignored"


def negotiate(enable: str) -> str:
    return f'{{"execute": "qmp_capabilities", "arguments": {{"enable": {enable}}}}}'


REFUSED: list[Row] = [
    (negotiate('["foo"]'), error("Parameter 'null' does not accept value 'foo'")),
    (negotiate('["OOB"]'), error("Parameter 'null' does not accept value 'OOB'")),
    (negotiate('["oob", "foo"]'), error("Parameter 'null' does not accept value 'foo'")),
    (negotiate('"oob"'), error("Invalid parameter type for 'enable', expected: array")),
    (negotiate("{}"), error("Invalid parameter type for 'enable', expected: array")),
    (negotiate("null"), error("Invalid parameter type for 'enable', expected: array")),
    (negotiate("[1]"), error("Invalid parameter type for 'enable[0]', expected: string")),
    (negotiate('["oob", null]'), error("Invalid parameter type for 'enable[1]', expected: string")),
    ('{"execute": "qmp_capabilities", "arguments": {"x": 1}}', error("Parameter 'x' is unexpected")),
]
BEFORE: list[Row] = [
    ('{"execute": "query-version"}', not_found(EXPECTING)),
    ('{"execute": "quit", "id": 1}', not_found(EXPECTING, 1)),
    ('{"execute": "nope"}', not_found(EXPECTING)),
    # What is checked before the name is looked up keeps its own error.
    ('{"execute": 1, "id": 2}', error("QMP input member 'execute' must be a string", id=2)),
    ('{"arguments": {}}', error("QMP input lacks member 'execute'")),
    ('{"execute": "nope", "foo": 1}', error("QMP input member 'foo' is unexpected")),
    ('{"execute": "nope", "arguments": []}', error("QMP input member 'arguments' must be an object")),
    ("[]", error("QMP input must be a JSON object")),
    ('{"execute":}', Syntax(12, "expecting value")),
    ('{"exec-oob": "qmp_capabilities", "id": 3}', error("QMP input member 'exec-oob' is unexpected", id=3)),
]
ACCEPTED = ["", "{}", '{"enable": []}', '{"enable": ["oob"]}', '{"enable": ["oob", "oob"]}']


def check_greeting(path: str) -> None:
    with SpecClient(path, first=b'{"execute": "nope"}') as client:
        greeting = client.read()
        equal(list(greeting), ["QMP"], "members of the greeting")
        equal(sorted(greeting["QMP"]), ["capabilities", "version"], "members of QMP")
        capabilities = greeting["QMP"]["capabilities"]
        check("oob" in capabilities, f"capabilities: {greeting}")
        check(all(isinstance(name, str) for name in capabilities), f"capabilities: {greeting}")
        equal(client.read(), not_found(EXPECTING), "answer to what came before the greeting")
        client.ask(negotiate("[]"))
        equal(client.ask('{"execute": "query-version"}'), [returns(greeting["QMP"]["version"])], "query-version")


def check_accepted(path: str, arguments: str) -> None:
    member = f', "arguments": {arguments}' if arguments else ""
    with SpecClient(path) as client:
        client.read()
        # The new mode holds for the next command, in the same packet too.
        both = f'{{"execute": "qmp_capabilities"{member}}}{{"execute": "query-iothreads"}}'
        equal(client.ask(both), [returns({}), returns([])], f"answers to {both}")


def test(case: Case) -> None:
    path = str(case.start().monitor)
    check_greeting(path)
    for arguments in ACCEPTED:
        check_accepted(path, arguments)
    with SpecClient(path) as client:
        client.read()
        client.check_rows(BEFORE)
        client.check_rows(REFUSED)
        client.check_rows([
            ('{"execute": "query-version"}', not_found(EXPECTING)), # all failures leave it in negotiation
            (negotiate("[]"), returns({})),
            *REFUSED, # the arguments are checked first
            ('{"execute": "qmp_capabilities"}', not_found(COMPLETE)),
            (negotiate('["oob"]'), not_found(COMPLETE)),
            ('{"exec-oob": "query-iothreads"}', error("QMP input member 'exec-oob' is unexpected")), # nothing changed
        ])
    with SpecClient(path) as client: # the next connection starts anew
        client.read()
        client.check_rows([('{"execute": "query-version"}', not_found(EXPECTING))])
