# SPDX-License-Identifier: Apache-2.0
"""The rules of syntax errors and of where a message ends, row by row."""
from harness import Case, equal
from harness.spec_client import Row, SpecClient, Syntax, error, not_found

NO_OBJECT = error("QMP input must be a JSON object")
VALUE, KEY, COLON = "expecting value", "expecting key", "expecting ':'"
IN_OBJECT, IN_ARRAY = "expected ',' or '}'", "expected ',' or ']'"

ROWS: list[Row] = [
    ("nope", Syntax(1, "invalid keyword 'nope'")), ('{"execute": nope}', Syntax(13, "invalid keyword 'nope'")),
    ('{"id": [tru]}', Syntax(9, "invalid keyword 'tru'")), ("true", NO_OBJECT), ("[null]", NO_OBJECT),
    ('{"execute":}', Syntax(12, VALUE)), ("[1,]", Syntax(4, VALUE)), ("[,1]", Syntax(2, VALUE)),
    ("}", Syntax(1, VALUE)),
    ("]", Syntax(1, VALUE)), (",", Syntax(1, VALUE)), (":", Syntax(1, VALUE)), ("[:]", Syntax(2, VALUE)),
    ("{]", Syntax(2, KEY)), ("{,}", Syntax(2, KEY)), ('{"a":1,}', Syntax(8, KEY)), ("{:1}", Syntax(2, KEY)),
    ("{1:2}", Syntax(2, KEY)), ("{true:1}", Syntax(2, KEY)), ("{a:1}", Syntax(2, KEY)), ("{[]:1}", Syntax(2, KEY)),
    ('{"a" 1}', Syntax(6, COLON)), ('{"a"}', Syntax(5, COLON)), ('{"a",1}', Syntax(5, COLON)),
    ('{"a":1 "b":2}', Syntax(8, IN_OBJECT)), ('{"a": 1a}', Syntax(8, IN_OBJECT)), ('{"a": 0x10}', Syntax(8, IN_OBJECT)),
    ('{"a":"b":1}', Syntax(9, IN_OBJECT)),
    ("[1 2]", Syntax(4, IN_ARRAY)), ("[1a]", Syntax(3, IN_ARRAY)), ("[[] {}]", Syntax(5, IN_ARRAY)),
    ("[0e1]", Syntax(3, IN_ARRAY)),
    ('{"a":1,"a":2}', Syntax(12, "duplicate key")), ('{"a":1,"b":2,"a":[3]}', Syntax(20, "duplicate key")),
    ("{'a':1,\"a\":2}", Syntax(12, "duplicate key")), ('{"a":1,"\\u0061":2}', Syntax(17, "duplicate key")),
    # One error at most in a message, wherever it ends.
    ("{1:2, 3:4, nope}", Syntax(2, KEY)), ("[1,,,,nope]", Syntax(4, VALUE)),
    ("[1,,}]", [Syntax(4, VALUE), Syntax(6, VALUE)]), ('{"a":[}]', Syntax(7, VALUE)),
    ('{"a":{"b":1]}', [Syntax(12, IN_OBJECT), Syntax(13, VALUE)]),
    ('{"a":nan,"b":NaN}', [Syntax(6, "invalid keyword 'nan'"), Syntax(17, VALUE)]),
    # Comments are none.
    ('{"a":1} // x', [error("QMP input member 'a' is unexpected"), Syntax(9, "stray '/'")]),
    # Lines and columns count from the start of the connection, in bytes.
    ('{\n "a"\n 1}', Syntax(2, COLON, line=2)), ('{"é": }', Syntax(8, VALUE)), ('\t\r {"a":1,}', Syntax(11, KEY)),
    ("[\n1 2]\n[\r\n2 3]", [Syntax(3, IN_ARRAY, line=1), Syntax(3, IN_ARRAY, line=3)]),
    # A message has no need of lines, and may have many.
    ('{}[]1 "x"{}', [error("QMP input lacks member 'execute'"), NO_OBJECT, NO_OBJECT, NO_OBJECT,
                     error("QMP input lacks member 'execute'")]),
    ('{\r\n"execute"\n:\t\n"nope"\n}', not_found("The command nope has not been found")),
    ("{'execute': 'nope'}", not_found("The command nope has not been found")),
]


def test(case: Case) -> None:
    with SpecClient(case.start().monitor or "") as client:
        client.begin().check_rows(ROWS)
        # An error is told at its token, though the message goes on; what is left of that is not looked at.
        line = client.line
        client.send('{"a":[}')
        equal(client.read(), Syntax(7, VALUE).at(line), "answer before the end of the message")
        equal(client.ask(', nope, "b": 1 ]'), [], "answers to the rest of it")
        # A lexical error ends it too, and is not told.
        line = client.line
        equal(client.ask('{"a":[}, 1e ]'), [Syntax(7, VALUE).at(line), Syntax(13, VALUE).at(line)], "answers to both")
