# SPDX-License-Identifier: Apache-2.0
"""What is typed behind a command, and the JSON that is sent for it."""

from __future__ import annotations

import unittest
from typing import Any

from introspection import SCHEMA

from qmp.arguments import build
from qmp.errors import LineError
from qmp.words import parse_line

LINES: dict[str, dict[str, Any]] = {
    # strings stay what they are
    "add kind=file id=5 filename=true": {"kind": "file", "id": "5", "filename": "true"},
    "add id=null": {"id": "null"},
    "add id=": {"id": ""},
    "add id=a=b": {"id": "a=b"},
    'add id="a b" ': {"id": "a b"},
    "add id='{\"a\": 1}'": {"id": '{"a": 1}'},
    'add id={"a": 1}': {"id": '{"a": 1}'},
    "add id=[x": {"id": "[x"},
    "add id=#1": {"id": "#1"},
    "add id='\"5\"'": {"id": '"5"'},
    # integers, numbers and booleans
    "add kind=net port=10809": {"kind": "net", "port": 10809},
    "add kind=net port=0x10": {"kind": "net", "port": 16},
    "add kind=net port=-1": {"kind": "net", "port": -1},
    "add kind=net port=18446744073709551615": {"kind": "net", "port": 18446744073709551615},
    "add kind=net port=ten": {"kind": "net", "port": "ten"},
    "add kind=net port=1.0": {"kind": "net", "port": "1.0"},
    "set ratio=1.5": {"ratio": 1.5},
    "set ratio=2": {"ratio": 2},
    "set ratio=true": {"ratio": "true"},
    "add writable=on": {"writable": True},
    "add writable=off": {"writable": False},
    "add writable=true": {"writable": True},
    "add writable=false": {"writable": False},
    "add writable=yes": {"writable": "yes"},
    # the variant is chosen by the tag, wherever it stands
    "add size=5 kind=file": {"size": 5, "kind": "file"},
    "add host=5 kind=net": {"host": "5", "kind": "net"},
    "add kind=file port=5 host=x": {"kind": "file", "port": 5, "host": "x"},
    "add filename=5": {"filename": "5"},
    "add kind=net proto=tcp nodelay=on": {"kind": "net", "proto": "tcp", "nodelay": True},
    "add kind=net proto=udp nodelay=on": {"kind": "net", "proto": "udp", "nodelay": "on"},
    # members of members
    "add cache.direct=on cache.mode=allow": {"cache": {"direct": True, "mode": "allow"}},
    "add kind=file parent.kind=net parent.port=5 parent.id=7":
        {"kind": "file", "parent": {"kind": "net", "port": 5, "id": "7"}},
    'add cache={"direct": true, "mode": "allow"}': {"cache": {"direct": True, "mode": "allow"}},
    "add cache={'direct': true, 'mode': 'it\\'s \"x\"'} id=1":
        {"cache": {"direct": True, "mode": "it's \"x\""}, "id": "1"},
    "add cache='{\"direct\": true}'": {"cache": {"direct": True}},
    "add cache=none": {"cache": "none"},
    # lists
    "rules names.0=a names.1=5": {"names": ["a", "5"]},
    "rules names.1=b names.0=a": {"names": ["a", "b"]},
    'rules names=["a","b"]': {"names": ["a", "b"]},
    "rules names=[]": {"names": []},
    "rules rules.0.policy=allow rules.0.match=5 rules.1.policy=deny":
        {"rules": [{"policy": "allow", "match": "5"}, {"policy": "deny"}]},
    # alternates
    "add thread=io0": {"thread": "io0"},
    "add thread=5": {"thread": "5"},
    "add thread.0=io0 thread.1=io1": {"thread": ["io0", "io1"]},
    'add thread=["io0"]': {"thread": ["io0"]},
    "set home=null": {"home": None},
    "set home='\"null\"'": {"home": "null"},
    "set home=io0": {"home": "io0"},
    # anything at all
    "set value=5": {"value": 5},
    "set value=five": {"value": "five"},
    "set value='\"5\"'": {"value": "5"},
    "set value=true": {"value": True},
    "set value=null": {"value": None},
    "set value={\"a\":[1]}": {"value": {"a": [1]}},
    "set value.a.0=1 value.a.1=x": {"value": {"a": [1, "x"]}},
    # what the schema does not know is for the server to refuse
    "nope a=1 b=x c.0=true": {"a": 1, "b": "x", "c": [True]},
    "add other=1": {"other": 1},
    "query-thing": {},
}
FAULTS = {
    "add id": "'id' is not NAME=VALUE",
    "add =5": "'=5' is not NAME=VALUE",
    "add id='a": "no closing quotation",
    "add id=a id=b": "'id' is given twice",
    "add cache=1 cache.direct=on": "'cache' has a value and 'cache.direct' too",
    "add cache.direct=on cache=1": "'cache' is given twice",
    "add cache..direct=on": "'cache..direct' is no name: something is missing beside a dot",
    "rules names.1=b": "'names.1' is given without 'names.0'",
    "set value.1=x": "'value.1' is given without 'value.0'",
    "add cache={\"direct\":": "'cache' is no JSON: expecting value at column 21",
    "add cache={\"direct\":true}x": "'cache' is no JSON: there is more behind it: x",
    "add cache={\"a\":1,\"a\":2}": "'cache' is no JSON: a key is given twice",
    "add thread=[": "'thread' is no JSON: expecting value at column 13",
    "add cache={\"a\":NaN}": "'cache' is no JSON: NaN is no JSON",
    "-o": "which command?",
    "exec-oob: ": "which command?",
    "{\"execute\":": "this is no JSON: expecting value at column 12",
    "{\"execute\": 5}": "a command has 'execute' or 'exec-oob', with a name",
    "{\"arguments\": {}}": "a command has 'execute' or 'exec-oob', with a name",
    "{\"execute\": \"a\", \"exec-oob\": \"a\"}": "a command has 'execute' or 'exec-oob', with a name",
    "{\"execute\": \"a\", \"arguments\": []}": "'arguments' must be an object",
    "{\"execute\": \"a\", \"Id\": 1}": "a command has no member 'Id'",
    "{\"execute\": \"a\"} x": "this is no JSON: there is more behind it: x",
    "{" * 5000: "this is no JSON: ",
    '{"execute": "a", "arguments": {"x": ' + "[" * 5000: "this is no JSON: nested too deeply",
}


class ArgumentsTest(unittest.TestCase):
    """NAME=VALUE words by the schema's types."""

    def test_every_value_has_the_type_of_the_schema(self) -> None:
        for text, expected in LINES.items():
            with self.subTest(line=text):
                line = parse_line(text)
                assert line is not None and isinstance(line.arguments, tuple)
                built = build(SCHEMA, line.command, line.arguments)
                self.assertEqual(repr(built), repr(expected)) # so that 1 is not True

    def test_faults_say_what_is_wrong(self) -> None:
        for text, message in FAULTS.items():
            with self.subTest(line=text[:60]), self.assertRaises(LineError) as caught:
                line = parse_line(text)
                assert line is not None and isinstance(line.arguments, tuple)
                build(SCHEMA, line.command, line.arguments)
            self.assertEqual(str(caught.exception)[:len(message)], message)


class LinesTest(unittest.TestCase):
    """Lines as a whole."""

    def test_nothing_to_do(self) -> None:
        for text in ("", "   ", "# a remark", "\t\n"):
            self.assertIsNone(parse_line(text))

    def test_out_of_band(self) -> None:
        for text in ("-o urgent", "exec-oob:urgent", "exec-oob: urgent", '{"exec-oob": "urgent"}'):
            with self.subTest(line=text):
                line = parse_line(text)
                assert line is not None
                self.assertEqual((line.command, line.oob), ("urgent", True))

    def test_json_lines(self) -> None:
        for text in ('{"execute": "add", "arguments": {"id": "x"}, "id": 7}',
                     "{'execute':'add','arguments':{'id':'x'}}"):
            with self.subTest(line=text):
                line = parse_line(text)
                assert line is not None
                self.assertEqual((line.command, line.arguments, line.oob), ("add", {"id": "x"}, False))


if __name__ == "__main__":
    unittest.main()
