# SPDX-License-Identifier: Apache-2.0
"""The examples of the manual: how they are read, and that playing one that lies fails."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "integration")]

from harness.errors import Failure  # noqa: E402
from harness.example import play  # noqa: E402
from harness.pattern import difference  # noqa: E402
from qapi.errors import Position, SchemaError  # noqa: E402
from qapi.examples import Example, chain, check_chains, collect_examples, first_runnable, parse_example  # noqa: E402
from qapi.lexer import DocLine  # noqa: E402
from qapi.main import load  # noqa: E402
from qapi.patterns import OMISSION, ArrayPattern, ObjectPattern, PatternError, Prefix, parse_pattern  # noqa: E402

FIRST_LINE = 11  # of each example here; its directive stands one line above


def parsed(text: str) -> Example:
    """Parse the inside of a block whose first line is FIRST_LINE of t.json."""
    lines = [DocLine(FIRST_LINE + index, f"    {line}".rstrip()) for index, line in enumerate(text.split("\n"))]
    return parse_example(lines, Position("t.json", FIRST_LINE - 1))


def verdict(text: str) -> str:
    """`ok`, or the error without the file's name."""
    try:
        parsed(text)
    except SchemaError as error:
        return str(error).removeprefix("t.json:")
    return "ok"


class ParseTest(unittest.TestCase):
    """Text to Example."""

    def test_all_of_an_example(self) -> None:
        example = parsed(
            ':title: Two at once\n:runnable:\n:after: one two\n\n-> { "execute": "zap",\n     "id": 1 }\n\n'
            '<- { "return": {},\n   "id": 1 }'
        )
        self.assertEqual((example.title, example.runnable, example.after), ("Two at once", True, ("one", "two")))
        self.assertEqual(example.position, Position("t.json", 10))
        client, server = example.messages
        self.assertEqual((client.direction, client.position.line), ("client", 15))
        self.assertEqual(client.lines, ('{ "execute": "zap",', '  "id": 1 }'))
        self.assertEqual((server.direction, server.position.line), ("server", 18))
        self.assertEqual(server.lines, ('{ "return": {},', '"id": 1 }'))
        self.assertEqual(server.pattern, ObjectPattern({"return": ObjectPattern({}), "id": 1}))

    def test_options_may_be_left_out(self) -> None:
        example = parsed('-> { "execute": "zap" }')
        self.assertEqual((example.title, example.runnable, example.after), ("", False, ()))

    def test_errors_tell_their_line(self) -> None:
        zap = '-> { "execute": "zap" }'
        cases = {
            "": "10: example without messages",
            ":title: t\n:runnable:": "10: example without messages",
            f":colour: red\n\n{zap}": "11: unknown option ':colour:' of an example",
            f":runnable:\n:runnable:\n\n{zap}": "12: second ':runnable:' of an example",
            f":runnable: yes\n\n{zap}": "11: ':runnable:' takes no value",
            f":title:\n\n{zap}": "11: ':title:' needs a value",
            f":runnable:\n:after:\n\n{zap}": "12: ':after:' needs a value",
            f":title: t\n:after: zip\n\n{zap}": "12: ':after:' without ':runnable:'",
            f":after: zip zip\n:runnable:\n\n{zap}": "11: ':after:' names something twice",
            f":runnable:\n{zap}": "12: a blank line is needed between the options and the messages of an example",
            f"{zap}\n:runnable:": "12: options must stand before the messages of an example",
            f":title: t\n\n:runnable:\n\n{zap}": "13: options must stand before the messages of an example",
            f"{zap}\nand then": "12: text outside the messages of an example: they start with '->' or '<-'",
            f"Look:\n\n{zap}": "11: text outside the messages of an example: they start with '->' or '<-'",
            f"{zap}\n\n \n\n=> {{}}": "15: text outside the messages of an example: they start with '->' or '<-'",
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(verdict(text), expected)

    def test_margin_is_that_of_the_first_line(self) -> None:
        lines = [DocLine(11, '      -> { "execute": "zap" }'), DocLine(12, '    <- { "return": {} }')]
        with self.assertRaises(SchemaError) as caught:
            parse_example(lines, Position("t.json", 10))
        self.assertEqual(str(caught.exception), "t.json:12: less indented than the first line of the example")

    def test_messages_must_be_json(self) -> None:
        cases = {
            "-> ": "11: not JSON: expecting value",
            "-> { 'execute': 'zap' }": "11: not JSON: expecting property name enclosed in double quotes",
            '-> { "execute": "zap",\n     "id": nil }': "12: not JSON: expecting value",
            '-> { "execute": "zap" } {}': "11: not JSON: extra data",
            '<- { "return": NaN }': "11: not JSON: NaN",
            '<- { "return": { "a": 1, "a": 2 } }': "11: member 'a' stands there twice",
            '<- { "return": { ..., "a": 1 } }': "11: '...' must be the last thing before '}'",
            '<- { "return": [\n     ...,\n     1 ] }': "12: '...' must be the last thing before ']'",
            '<- { "return": { ...: 1 } }': "11: '...' must be the last thing before '}'",
            "<- ...": "11: a message must be an object",
            '<- "return"': "11: a message must be an object",
            "<- " + "[" * 100000: "11: nested too deeply",
            "<- " + "[" * 800 + "]" * 800: "11: nested too deeply",
        }
        for text, expected in cases.items():
            with self.subTest(text=text[:40]):
                self.assertEqual(verdict(text), expected)
        self.assertIn("11: not JSON: ", verdict('<- { "return": ' + "1" * 5000 + " }"))

    def test_messages_must_have_an_envelope(self) -> None:
        server = "a server's message must have exactly one of 'QMP', 'return', 'error' or 'event'"
        client = "a client's message must have exactly one of 'execute' or 'exec-oob'"
        cases = {
            "-> {}": client,
            '-> { "return": {} }': client,
            '-> { "execute": "zap", "exec-oob": "zap" }': client,
            '-> { "execute": "zap", "argument": {} }': "a message of this kind has no member 'argument'",
            "<- { ... }": server,
            '<- { "execute": "zap" }': server,
            '<- { "return": {}, "error": {} }': server,
            '<- { "return": {}, "timestamp": {} }': "a message of this kind has no member 'timestamp'",
            '<- { "event": "ZAP", "id": 1 }': "a message of this kind has no member 'id'",
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(verdict(text), f"11: {expected}")

    def test_what_is_sent_must_be_complete(self) -> None:
        text = '-> { "execute": "zap",\n     "arguments": { "name": "z...", ... } }'
        self.assertEqual(verdict(text), "ok")
        expected = "13: a runnable example must show all that the client sends"
        self.assertEqual(verdict(f":runnable:\n\n{text}"), expected)


class PatternTest(unittest.TestCase):
    """What `...` may stand for, and what a message must have to fit."""

    def test_places_of_omissions(self) -> None:
        found = parse_pattern('{ "a": ..., "b": [ 1, ... ], "c": "...", "d": "x...", "e": [ ... ], "f": { ... }, ... }')
        expected: dict[str, Any] = {
            "a": OMISSION,
            "b": ArrayPattern((1,), True),
            "c": Prefix(""),
            "d": Prefix("x"),
            "e": ArrayPattern((), True),
            "f": ObjectPattern({}, True),
        }
        self.assertEqual(found, ObjectPattern(expected, True))

    def test_dots_within_a_string_are_text(self) -> None:
        self.assertEqual(parse_pattern('"a...b \\" ... c"'), 'a...b " ... c')

    def test_error_line_counts_within_the_text(self) -> None:
        with self.assertRaises(PatternError) as caught:
            parse_pattern('{ "a": 1,\n  ..., "b": 2 }')
        self.assertEqual(caught.exception.line, 1)

    def test_what_fits(self) -> None:
        for pattern, seen in [
            ("{}", {}),
            ('{ "a": 1, "b": [ true, null ] }', {"b": [True, None], "a": 1}),
            ('{ "a": 1, ... }', {"a": 1, "b": 2}),
            ('{ "a": 1, ... }', {"a": 1}),
            ("[ 1, ... ]", [1]),
            ("[ 1, ... ]", [1, 2, 3]),
            ("[ ... ]", []),
            ('{ "a": ... }', {"a": {"b": 1}}),
            ('"disk..."', "disk.img"),
            ("1.5", 1.5),
            ('{ "thread-id": 4711 }', {"thread-id": 17}),
            ('{ "port": "40123" }', {"port": "1"}),
            ('{ "timestamp": { "seconds": 1 } }', {"timestamp": {"seconds": 2}}),
        ]:
            with self.subTest(pattern=pattern, seen=seen):
                self.assertIsNone(difference(seen, parse_pattern(pattern)))

    def test_what_does_not_fit(self) -> None:
        for pattern, seen, expected in [
            ('{ "a": 1 }', {"a": 2}, "'a' of the message is 2, not 1"),
            ('{ "a": 1 }', {}, "the message has no member 'a'"),
            ('{ "a": 1, ... }', {"b": 1}, "the message has no member 'a'"),
            ('{ "a": 1 }', {"a": 1, "b": 2}, "the message has a member 'b' more"),
            ('{ "a": { "b": 1 }, ... }', {"a": {"b": 1, "c": 2}}, "'a' of the message has a member 'c' more"),
            ('{ "a": 1 }', {"a": True}, "'a' of the message is of type boolean, not number"),
            ('{ "a": 1 }', {"a": 1.0}, "'a' of the message is 1.0, not 1"),
            ('{ "a": null }', {"a": False}, "'a' of the message is of type boolean, not null"),
            ('{ "a": [] }', {"a": {}}, "'a' of the message is of type object, not array"),
            ("[ 1, 2 ]", [2, 1], "element 0 of the message is 2, not 1"),
            ("[ 1, 2 ]", [1], "the message has 1 elements, not 2"),
            ("[ 1, 2, ... ]", [1], "the message has 1 elements, not 2 or more"),
            ("[ 1 ]", [1, 2], "the message has 2 elements, not 1"),
            ('"disk..."', "Disk.img", "the message is 'Disk.img', it does not start with 'disk'"),
            ('"disk..."', 1, "the message is of type number, not string"),
            ('{ "thread-id": 1 }', {"thread-id": "1"}, "'thread-id' of the message is of type string, not number"),
            ('{ "thread-id": 1 }', {}, "the message has no member 'thread-id'"),
        ]:
            with self.subTest(pattern=pattern, seen=seen):
                self.assertEqual(difference(seen, parse_pattern(pattern)), expected)


class Script:
    """A daemon that says what it was told to say."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.greeting: dict[str, Any] = {"QMP": {"capabilities": []}}
        self.sent: list[str] = []
        self._messages = list(messages)

    def send_raw(self, data: str) -> None:
        self.sent.append(data)

    def receive(self) -> dict[str, Any]:
        if not self._messages:
            raise Failure("no QMP message")
        return self._messages.pop(0)


def event(name: str, **data: Any) -> dict[str, Any]:
    """An event as a daemon sends it."""
    return {"event": name, "timestamp": {"seconds": 1, "microseconds": 2}, "data": data}


def shown(name: str, data: str) -> str:
    """The same in an example."""
    return f'<- {{ "event": "{name}", "timestamp": {{}}, "data": {data} }}'


EXAMPLE = "\n".join(
    [
        '-> { "execute": "zap", "arguments": { "id": "z0" } }',
        shown("ZAPPED", '{ "id": "z0" }'),
        shown("EMPTY", "{}"),
        '<- { "return": { "volt": 230 } }',
        '-> { "execute": "zap" }',
        '<- { "error": { "class": "GenericError", "desc": "Zapper is empty..." } }',
    ]
)
ZAPPED, EMPTY = event("ZAPPED", id="z0"), event("EMPTY")
RETURN = {"return": {"volt": 230}}
REFUSED = {"error": {"class": "GenericError", "desc": "Zapper is empty, sorry"}}


class PlayTest(unittest.TestCase):
    """An example against a daemon."""

    def failure(self, *messages: dict[str, Any], text: str = EXAMPLE) -> str:
        """What playing says when the daemon answers with `messages`."""
        with self.assertRaises(Failure) as caught:
            play(parsed(text), Script(*messages))
        return str(caught.exception)

    def test_truth(self) -> None:
        script = Script(ZAPPED, EMPTY, RETURN, REFUSED)
        play(parsed(EXAMPLE), script)
        self.assertEqual(
            script.sent, ['{ "execute": "zap", "arguments": { "id": "z0" } }\n', '{ "execute": "zap" }\n']
        )

    def test_other_events_may_come_in_between(self) -> None:
        other, same = event("BUZZ"), event("ZAPPED", id="z9")
        play(parsed(EXAMPLE), Script(other, same, ZAPPED, other, EMPTY, same, RETURN, other, REFUSED))

    def test_wrong_value(self) -> None:
        said = self.failure(ZAPPED, EMPTY, {"return": {"volt": 110}})
        self.assertEqual(
            said,
            "t.json:14: 'volt' of 'return' of the message is 110, not 230\n"
            '  expected { "return": { "volt": 230 } }\n  received {"return": {"volt": 110}}',
        )

    def test_missing_and_additional_members(self) -> None:
        said = self.failure(ZAPPED, EMPTY, {"return": {}})
        self.assertIn("t.json:14: 'return' of the message has no member 'volt'", said)
        said = self.failure(ZAPPED, EMPTY, {"return": {"volt": 230, "ampere": 16}})
        self.assertIn("t.json:14: 'return' of the message has a member 'ampere' more", said)

    def test_wrong_order(self) -> None:
        said = self.failure(EMPTY, ZAPPED, RETURN)
        self.assertIn("t.json:13: the message has no member 'event'", said)
        self.assertIn("received " + '{"return": {"volt": 230}}', said)
        self.assertIn("t.json:12: the message has no member 'event'", self.failure(RETURN, ZAPPED, EMPTY))

    def test_missing_event(self) -> None:
        said = self.failure(EMPTY, RETURN, REFUSED)
        self.assertIn("t.json:12: the message has no member 'event'", said)
        self.assertIn('\n  and event {"event": "EMPTY"', said)
        last = '-> { "execute": "zap" }\n<- { "return": {} }\n' + shown("ZAPPED", "{}")
        self.assertIn("t.json:13: no QMP message", self.failure({"return": {}}, text=last))

    def test_wrong_event(self) -> None:
        said = self.failure(event("ZAPPED", id="z1"), EMPTY, RETURN)
        self.assertIn("t.json:12:", said)
        self.assertIn('"data": {"id": "z1"}', said)

    def test_wrong_error(self) -> None:
        wrong_class = {"error": {"class": "DeviceNotFound", "desc": "Zapper is empty"}}
        self.assertIn("is 'DeviceNotFound', not 'GenericError'", self.failure(ZAPPED, EMPTY, RETURN, wrong_class))
        wrong_text = {"error": {"class": "GenericError", "desc": "Zapper is lost"}}
        self.assertIn("does not start with 'Zapper is empty'", self.failure(ZAPPED, EMPTY, RETURN, wrong_text))
        none = self.failure(ZAPPED, EMPTY, RETURN, {"return": {}})
        self.assertIn("t.json:16: the message has no member 'error'", none)

    def test_answers_belong_to_commands(self) -> None:
        said = self.failure(text='-> { "execute": "zap" }')
        self.assertEqual(said, "t.json:11: the example does not show the answer to this command")
        said = self.failure({"return": {}}, text='<- { "return": {} }')
        self.assertEqual(said, "t.json:11: an answer without a command")

    def test_greeting(self) -> None:
        play(parsed('<- { "QMP": { "capabilities": [] } }'), Script())
        said = self.failure(text='<- { "QMP": { "capabilities": [ "oob" ] } }')
        self.assertIn("'capabilities' of 'QMP' of the message has 0 elements, not 1", said)


def command(name: str, *options: tuple[str, ...]) -> str:
    """A command with one example for each element of `options`."""
    blocks = []
    for words in options:
        blocks += ["", ".. qmp-example::", *(f"   {word}" for word in words), ""]
        blocks += [f'   -> {{ "execute": "{name}" }}', '   <- { "return": {} }']
    lines = [f"@{name}:", "", "Since: 1", *blocks]
    return "\n".join(["##", *(f"# {line}".rstrip() for line in lines), "##", f"{{ 'command': '{name}' }}", ""])


class ChainTest(unittest.TestCase):
    """The examples of a whole schema."""

    def collected(self, *commands: str) -> dict[str, list[Example]]:
        """The examples of a schema."""
        with tempfile.TemporaryDirectory(prefix="qapi-") as directory:
            path = Path(directory, "t.json")
            path.write_text("".join(commands), encoding="utf-8")
            return collect_examples(load(str(path)))

    def refusal(self, *commands: str) -> str:
        """What is wrong with them."""
        with self.assertRaises(SchemaError) as caught:
            check_chains(self.collected(*commands))
        assert caught.exception.position
        return f"{caught.exception.position.line}: {caught.exception.message}"

    def test_predecessors_come_once_and_in_order(self) -> None:
        examples = self.collected(
            command("one", (), (":runnable:",)),
            command("two", (":runnable:", ":after: one")),
            command("three", (":runnable:", ":after: two one")),
            command("four", (":title: t",), (":runnable:", ":after: three one two")),
        )
        check_chains(examples)
        ordered = chain(examples, examples["four"][1])
        self.assertEqual(
            ordered, [examples["one"][1], examples["two"][0], examples["three"][0], examples["four"][1]]
        )
        self.assertIsNone(first_runnable(examples, "five"))

    def test_an_example_may_follow_the_first_of_its_own_command(self) -> None:
        examples = self.collected(command("one", (":runnable:",), (":runnable:", ":after: one")))
        self.assertEqual(chain(examples, examples["one"][1]), examples["one"])

    def test_free_form_texts_have_examples_too(self) -> None:
        lines = ["= Talk", "", ".. qmp-example::", "  :runnable:", "  :after: one", "", '  -> { "execute": "one" }']
        text = "\n".join(["##", *(f"# {line}".rstrip() for line in lines), "##", ""])
        examples = self.collected(text, "{ 'pragma': {} }\n", command("one", (":runnable:",)))
        self.assertEqual(chain(examples, examples[""][0]), [examples["one"][0], examples[""][0]])
        self.assertEqual(examples[""][0].position.line, 4)

    def test_unknown_predecessor(self) -> None:
        expected = "6: ':after:' names 'two', which has no runnable example"
        one = command("one", (":runnable:", ":after: two"))
        self.assertEqual(self.refusal(one), expected)
        self.assertEqual(self.refusal(one, command("two", ())), expected)

    def test_cycles(self) -> None:
        one = command("one", (":runnable:", ":after: one"))
        self.assertEqual(self.refusal(one), "6: ':after:' leads back to this example by way of 'one'")
        one, two = command("one", (":runnable:", ":after: two")), command("two", (":runnable:", ":after: one"))
        self.assertEqual(self.refusal(one, two), "19: ':after:' leads back to this example by way of 'one'")

    def test_positions_survive_blank_lines(self) -> None:
        text = command("one", (":runnable:",)).replace("# Since: 1\n", "# Since: 1\n#\n#\n#\n").replace('"one"', "one")
        with self.assertRaises(SchemaError) as caught:
            self.collected(text)
        assert caught.exception.position
        self.assertEqual(caught.exception.position.line, 12)

    def test_check_does_not_look_into_examples(self) -> None:
        with tempfile.TemporaryDirectory(prefix="qapi-") as directory:
            path = Path(directory, "t.json")
            path.write_text(command("one", (":annotated:",)), encoding="utf-8")
            load(str(path))


if __name__ == "__main__":
    unittest.main()
