# SPDX-License-Identifier: Apache-2.0
"""The front end of scripts/qapi-gen, its introspection, and its behaviour as a command."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from qapi.errors import SchemaError  # noqa: E402
from qapi.gen_introspection import Introspection  # noqa: E402
from qapi.main import generate, load  # noqa: E402

TOOL = ROOT / "scripts" / "qapi-gen"


class SchemaTest(unittest.TestCase):
    """A directory of its own, and schemas in it."""

    def setUp(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="qapi-")
        self.addCleanup(self._directory.cleanup)
        self.dir = Path(self._directory.name)

    def write(self, text: str | bytes, name: str = "t.json") -> str:
        """Write a schema file; the path of it."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def verdict(self, text: str | bytes) -> str:
        """`ok`, or the line and the text of the error."""
        path = self.write(text)
        try:
            load(path)
        except SchemaError as error:
            return str(error).removeprefix(path + ":").replace(str(self.dir) + "/", "")
        return "ok"

    def generation_verdict(self, text: str) -> str:
        """The same for the back ends."""
        path = self.write(text)
        try:
            generate(load(path), "qapi")
        except SchemaError as error:
            return str(error).removeprefix(path + ":").replace(str(self.dir) + "/", "")
        return "ok"


class ExamplesTest(SchemaTest):
    """The examples of the language's description."""

    def test_every_example(self) -> None:
        lines = (HERE / "data" / "examples.txt").read_text(encoding="utf-8").splitlines()
        examples = [line.split("\t") for line in lines if not line.startswith("# ")]
        self.assertEqual(len(examples), 288)
        for rule, expected, schema in examples:
            with self.subTest(rule=rule, schema=schema):
                self.assertEqual(self.verdict(schema.replace("\u23ce", "\n")), expected)

    def test_example_is_the_same_with_other_line_ends(self) -> None:
        text = "##\n# @Hue:\n#\n# Since: 1\n##\n{ 'struct': 'Hue',\n  'data': { 'r': 'nope' } }\n"
        for end in ("\n", "\r\n", "\r"):
            self.assertEqual(self.verdict(text.replace("\n", end)), "6: struct 'Hue' uses unknown type 'nope'")


class StricterTest(SchemaTest):
    """What the reference lets through by accident."""

    def test_refused(self) -> None:
        cases = {
            "{ 'enum': 'Hue', 'data': [ '' ] }": "1: value '' of enum 'Hue' has an invalid name",
            "{ 'struct': 'Hue', 'data': { 'r': 'intList' } }": "1: struct 'Hue' uses unknown type 'intList'",
            "{ 'struct': 'Hue', 'data': { 'r': [ 'HueList' ] } }": "1: struct 'Hue' uses unknown type 'HueList'",
            "{ 'command': 'zap', 'data': 'q_empty' }": "1: command 'zap' uses unknown type 'q_empty'",
            "{ 'enum': 'Hue', 'data': [ { 'name': 'r', 'features': [ 'f', 'f' ] } ] }":
                "1: feature 'f' of value 'r' of enum 'Hue' is given twice",
            "{ 'command': 'zap', 'gen': falsefalse }": "1: stray 'falsefalse'",
            "\ufeff{ 'command': 'zap' }": "1: stray '\\ufeff'",
            "##\n# @Hue:\n#\n# @r: red\n#     or so\n#     too\n# Text.\n##\n"
            "{ 'struct': 'Hue', 'data': { 'r': 'int' } }":
                "7: less indented than the 4 blanks above, without a blank line before it",
        }
        for schema, expected in cases.items():
            with self.subTest(schema=schema):
                self.assertEqual(self.verdict(schema), expected)

    def test_white_space_of_any_kind_separates(self) -> None:
        self.assertEqual(self.verdict("{\f'command'\u00a0:\t'zap'\u2003}"), "ok")
        self.assertEqual(self.verdict(""), "ok")


class OrderTest(SchemaTest):
    """Which of several errors is the first."""

    def test_syntax_anywhere_comes_before_names(self) -> None:
        self.assertEqual(self.verdict("{ 'struct': 'hue', 'data': {} }\n{ 'command' }"), "2: expected ':', found '}'")

    def test_everything_about_single_definitions_comes_before_references(self) -> None:
        schema = "{ 'struct': 'Hue', 'data': { 'r': 'nope' } }\n{ 'command': 'Zap' }"
        self.assertEqual(self.verdict(schema), "2: name of command 'Zap' must not use upper case or '_'")

    def test_definitions_are_completed_in_order(self) -> None:
        schema = "{ 'command': 'zap', 'returns': 'int' }\n{ 'struct': 'Hue', 'data': { 'r': 'nope' } }"
        self.assertEqual(self.verdict(schema), "1: command 'zap' must return an object or an array of objects")

    def test_a_fault_in_a_base_is_reported_where_it_is(self) -> None:
        schema = "{ 'struct': 'Hue', 'base': 'Tint', 'data': {} }\n{ 'struct': 'Tint', 'data': { 'r': 'nope' } }"
        self.assertEqual(self.verdict(schema), "2: struct 'Tint' uses unknown type 'nope'")

    def test_conditional_members_of_later_arguments_are_seen(self) -> None:
        schema = (
            "{ 'command': 'zap', 'data': 'Hue' }\n"
            "{ 'struct': 'Hue', 'data': { 'r': { 'type': 'int', 'if': 'A' } } }"
        )
        self.assertEqual(self.verdict(schema), "1: command 'zap' needs 'boxed': its 'data' has conditional members")


class FilesTest(SchemaTest):
    """Includes."""

    def test_errors_name_the_included_file(self) -> None:
        self.write("\n{ 'struct': 'hue', 'data': {} }", "sub/b.json")
        with self.assertRaises(SchemaError) as caught:
            load(self.write("{ 'include': 'sub/b.json' }"))
        self.assertEqual(str(caught.exception), f"{self.dir}/sub/b.json:2: name of struct 'hue' must be in CamelCase")

    def test_a_missing_include_is_the_fault_of_the_directive(self) -> None:
        self.write("\n\n{ 'include': 'gone.json' }", "sub/b.json")
        with self.assertRaises(SchemaError) as caught:
            load(self.write("{ 'include': 'sub/b.json' }"))
        self.assertEqual(
            str(caught.exception),
            f"{self.dir}/sub/b.json:3: cannot read '{self.dir}/sub/gone.json': No such file or directory",
        )

    def test_a_cycle_is_reported_where_it_closes(self) -> None:
        self.write("{ 'include': 'c.json' }", "b.json")
        self.write("#\n{ 'include': './t.json' }", "c.json")
        with self.assertRaises(SchemaError) as caught:
            load(self.write("{ 'include': 'b.json' }"))
        message = f"{self.dir}/c.json:2: inclusion cycle: './t.json' is being read already"
        self.assertEqual(str(caught.exception), message)

    def test_a_second_include_is_skipped(self) -> None:
        self.write("{ 'struct': 'Hue', 'data': {} }", "b.json")
        schema = load(self.write("{ 'include': 'b.json' }\n{ 'include': './b.json' }"))
        self.assertEqual(len(schema.definitions), 1)
        self.assertEqual(schema.source.modules, ["t.json", "b.json"])

    def test_a_long_chain_of_includes_is_an_error(self) -> None:
        for number in range(300):
            self.write(f"{{ 'include': '{number + 1}.json' }}", f"{number}.json")
        with self.assertRaises(SchemaError) as caught:
            load(str(self.dir / "0.json"))
        self.assertIn("more than 100 levels deep", str(caught.exception))


class HostileTest(SchemaTest):
    """Input that is no schema: an error each time, or acceptance, never an exception of another kind."""

    def test_binary(self) -> None:
        self.assertEqual(self.verdict(b"{ 'command':\n 'z\xff' }"), "2: not UTF-8 text")
        self.assertEqual(self.verdict(b"\x00\x01\x02"), "1: stray '\\x00\\x01\\x02'")
        self.assertEqual(self.verdict(bytes(range(256)) * 10), "3: not UTF-8 text")

    def test_deep_nesting(self) -> None:
        for opening in ("[", "{ 'a': ", "{ 'not': "):
            schema = "{ 'command': 'zap', 'if': " + opening * 100_000
            self.assertIn("nested more than 100 levels deep", self.verdict(schema))

    def test_long_chains_of_types(self) -> None:
        for count, expected in (
            (99, "ok"),
            (3000, "2901: bases and branches of struct 'S2900x' are nested more than 100 levels deep"),
        ):
            bases = "".join(f"{{ 'struct': 'S{n}x', 'base': 'S{n + 1}x', 'data': {{}} }}\n" for n in range(count))
            self.assertEqual(self.generation_verdict(f"{bases}{{ 'struct': 'S{count}x', 'data': {{}} }}"), expected)
        members = "".join(f"{{ 'struct': 'S{n}x', 'data': {{ 'm': 'S{n + 1}x' }} }}\n" for n in range(3000))
        self.assertEqual(self.generation_verdict(members + "{ 'struct': 'S3000x', 'data': { 'm': 'S0x' } }"), "ok")

    def test_unions_of_unions_take_no_exponential_time(self) -> None:
        schema = "{ 'enum': 'Kind', 'data': [ 'a', 'b' ] }\n{ 'struct': 'U40x', 'data': {} }\n"
        for level in range(40):
            schema += (
                f"{{ 'union': 'U{level}x', 'base': {{ 'k{level}': 'Kind' }}, 'discriminator': 'k{level}',"
                f" 'data': {{ 'a': 'U{level + 1}x', 'b': 'U{level + 1}x' }} }}\n"
            )
        schema += "{ 'struct': 'CommandLine', 'data': { '*go': 'U0x' } }"
        self.assertEqual(self.generation_verdict(schema), "ok")

    def test_every_prefix_and_many_mutations(self) -> None:
        text = (HERE / "schema" / "test.json").read_text(encoding="utf-8").replace("{ 'include'", "# { 'include'")
        for length in range(0, len(text), 13):
            self.verdict(text[:length])
        generator = random.Random(4711)
        pieces = [*"'{}[]:,#\n\\\u00e9 ", "##\n", "true", "'*x'", "'int'", "@a:"]
        for _ in range(300):
            position = generator.randrange(len(text))
            end = position + generator.randrange(12)
            self.verdict(text[:position] + generator.choice(pieces) + text[end:])

    def test_ten_thousand_lines_take_less_than_two_seconds(self) -> None:
        block = (
            "##\n# @S{0}x:\n#\n# A struct.\n#\n# @a: one\n#\n# @b: two\n##\n"
            "{{ 'struct': 'S{0}x',\n  'data': {{ 'a': 'int', 'b': ['S{1}x'] }} }}\n"
        )
        schema = "".join(block.format(number, number // 2) for number in range(910))
        self.assertGreater(schema.count("\n"), 10_000)
        start = time.process_time()
        self.assertEqual(self.verdict(schema), "ok")
        self.assertLess(time.process_time() - start, 15)


class IdentifierTest(SchemaTest):
    """Wire names that are one C++ identifier."""

    def test_clashes(self) -> None:
        pragma = "{ 'pragma': { 'command-name-exceptions': [ 'zap_it' ] } }\n"
        cases = {
            pragma + "{ 'command': 'zap-it' }\n{ 'command': 'zap_it' }":
                "3: command 'zap-it' and command 'zap_it' have the same C++ name 'qmp_zap_it' in namespace iothreadd",
            "{ 'enum': 'Hue', 'data': [ '2-tone', 'v2-tone' ] }":
                "1: value '2-tone' and value 'v2-tone' have the same C++ name 'v2_tone' in enum 'Hue'",
            "{ 'struct': 'Hue', 'data': { 'class': 'int', 'class-': 'int' } }":
                "1: member 'class' and member 'class-' have the same C++ name 'class_' in struct 'Hue'",
            "{ 'struct': 'Top', 'data': { '__x.y_r': 'int' } }\n"
            "{ 'struct': 'Hue', 'base': 'Top', 'data': { 'x-y-r': 'int' } }":
                "2: member '__x.y_r' and member 'x-y-r' have the same C++ name 'x_y_r' in struct 'Hue'",
            "{ 'struct': 'ZapArgs', 'data': {} }\n{ 'command': 'zap', 'data': { 'a': 'int' } }":
                "2: type 'ZapArgs' and command 'zap' have the same C++ name 'ZapArgs' in namespace qapi",
            "{ 'event': 'A_B' }\n{ 'struct': 'ABEvent', 'data': {} }":
                "1: type 'ABEvent' and event 'A_B' have the same C++ name 'ABEvent' in namespace qapi",
            "{ 'enum': 'IOThread', 'data': [] }\n{ 'enum': 'IoThread', 'data': [] }":
                "2: type 'IOThread' and type 'IoThread' have the same C++ name 'io_thread_names' in namespace qapi",
        }
        for schema, expected in cases.items():
            with self.subTest(schema=schema):
                self.assertEqual(self.verdict(schema), "ok")
                self.assertEqual(self.generation_verdict(schema), expected)

    def test_options(self) -> None:
        base = "{ 'struct': 'Base', 'data': { '*help': 'bool', '*count': 'int' } }\n"
        cases = {
            "{ 'struct': 'CommandLine', 'data': { '*pidfile': 'str' } }":
                "1: command-line option 'pidfile' is no struct or union and belongs into the base of 'CommandLine'",
            base + "{ 'struct': 'CommandLine', 'base': 'Base', 'data': {} }":
                "2: command-line option 'count' is in the base of 'CommandLine' and must be of type 'str' or 'bool'",
            "{ 'struct': 'Zap', 'data': {} }\n{ 'struct': 'CommandLine', 'data': { '*help': 'Zap' } }":
                "2: the built-in help and option 'help' have the same C++ name 'help' in class OptionHandler",
        }
        for schema, expected in cases.items():
            with self.subTest(schema=schema):
                self.assertEqual(self.verdict(schema), "ok")
                self.assertEqual(self.generation_verdict(schema), expected)

    def test_files_with_one_generated_name(self) -> None:
        self.write("", "a-b.json")
        self.write("", "a_b.json")
        schema = "{ 'include': 'a-b.json' }\n{ 'include': 'a_b.json' }"
        self.assertEqual(self.verdict(schema), "ok")
        self.assertEqual(
            self.generation_verdict(schema), "1: files 'a-b.json' and 'a_b.json' have the same generated file names"
        )


class IntrospectionTest(SchemaTest):
    """The answer of query-qmp-schema."""

    def entries(self, path: str, *defined: str) -> list[dict]:
        """The entries of a schema."""
        return Introspection(load(path, frozenset(defined))).entries

    def test_worked_example(self) -> None:
        self.maxDiff = None
        golden = (HERE / "data" / "introspection" / "expected.jsonl").read_text(encoding="utf-8")
        expected = [json.loads(line) for line in golden.splitlines()]
        self.assertEqual(self.entries(str(HERE / "data" / "introspection" / "main.json")), expected)

    def test_conditions_leave_gaps_in_the_numbers(self) -> None:
        path = self.write(
            "{ 'command': 'one', 'data': { 'a': 'Gone', 'b': 'Here' }, 'if': 'A' }\n"
            "{ 'struct': 'Gone', 'data': { 'x': { 'type': 'Deep', 'if': 'B' } }, 'if': 'A' }\n"
            "{ 'struct': 'Deep', 'data': {} }\n"
            "{ 'enum': 'Here', 'data': [ 'v', { 'name': 'w', 'if': 'A' } ],"
            "  'features': [ { 'name': 'f', 'if': 'B' } ] }"
        )
        without = {entry["name"]: entry for entry in self.entries(path)}
        self.assertNotIn("one", without)
        self.assertNotIn("2", without)
        self.assertEqual(without["3"], {"name": "3", "meta-type": "enum", "members": [{"name": "v"}], "values": ["v"]})
        self.assertEqual(without["4"]["members"], [])
        both = {entry["name"]: entry for entry in self.entries(path, "A", "B")}
        self.assertEqual(both["one"]["arg-type"], "0")
        self.assertEqual(both["2"]["members"], [{"name": "x", "type": "4"}])
        self.assertEqual(both["3"]["values"], ["v", "w"])
        self.assertEqual(both["3"]["features"], ["f"])

    def test_unmasked_names(self) -> None:
        schema = load(self.write("{ 'command': 'zap', 'data': { 'h': [ 'Hue' ] } }\n{ 'enum': 'Hue', 'data': [] }"))
        names = [entry["name"] for entry in Introspection(schema, unmask=True).entries]
        self.assertEqual(names, ["zap", "q_obj_zap-arg", "q_empty", "[Hue]", "Hue"])


class CommandTest(SchemaTest):
    """scripts/qapi-gen itself."""

    def run_tool(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return subprocess.run(
            [sys.executable, str(TOOL), *arguments],
            capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
        )

    def test_check_says_nothing_when_all_is_right(self) -> None:
        done = self.run_tool("--check", str(ROOT / "qapi-schema" / "iothreadd.json"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_wrong_schema_gives_one_line_and_no_files(self) -> None:
        path = self.write("\n{ 'command': 'Zap' }\n{ 'command': 'Zip' }")
        for mode in (["--check"], ["--list"], ["-o", str(self.dir / "out")]):
            done = self.run_tool(*mode, path)
            message = f"{path}:2: name of command 'Zap' must not use upper case or '_'\n"
            self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", message))
        self.assertFalse((self.dir / "out").exists())

    def test_identifier_clashes_leave_no_files(self) -> None:
        path = self.write("{ 'enum': 'Hue', 'data': [ '2-tone', 'v2-tone' ] }")
        done = self.run_tool("-o", str(self.dir / "out"), path)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith(f"{path}:1: "))
        self.assertFalse((self.dir / "out").exists())

    def test_unreadable_root(self) -> None:
        done = self.run_tool("--check", str(self.dir / "none.json"))
        message = f"cannot read '{self.dir}/none.json': No such file or directory\n"
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", message))

    def test_wrong_usage(self) -> None:
        path = self.write("")
        both = ["--check", "-o", str(self.dir / "out"), path]
        ignored = [
            ["--check", "--depfile", "d", path], ["--list", "--unmask", path], ["--check", "--release", "1", path]
        ]
        for arguments in ([], [path], ["--check"], both, ["--nope", path], ["--check", path, path], *ignored):
            done = self.run_tool(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn("usage:", done.stderr)

    def test_an_output_directory_that_cannot_be_made(self) -> None:
        self.write("x", "file")
        done = self.run_tool("-o", str(self.dir / "file" / "out"), self.write(""))
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("Traceback", done.stderr)

    def test_output_is_deterministic_and_left_alone_when_unchanged(self) -> None:
        schema = str(HERE / "schema" / "test.json")
        first, second = self.dir / "1" / "qapi", self.dir / "2" / "qapi"
        self.assertEqual(self.run_tool("-o", str(first), schema, PYTHONHASHSEED="1").returncode, 0)
        self.assertEqual(self.run_tool("-o", str(second), schema, PYTHONHASHSEED="2").returncode, 0)
        names = sorted(path.name for path in first.iterdir())
        listed = self.run_tool("--list", schema).stdout.split()
        self.assertEqual(names, sorted(listed))
        for name in names:
            self.assertEqual((first / name).read_bytes(), (second / name).read_bytes(), name)
            os.utime(first / name, ns=(1, 1))
        (first / "test_types.hpp").write_text("changed", encoding="utf-8")
        self.run_tool("-o", str(first), schema)
        touched = [path.name for path in first.iterdir() if path.stat().st_mtime_ns != 1]
        self.assertEqual(touched, ["test_types.hpp"])
        self.assertEqual((first / "test_types.hpp").read_bytes(), (second / "test_types.hpp").read_bytes())

    def test_depfile_names_every_schema_file(self) -> None:
        depfile = self.dir / "qapi.d"
        self.run_tool("-o", str(self.dir / "qapi"), "--depfile", str(depfile), str(HERE / "schema" / "test.json"))
        rule = depfile.read_text(encoding="utf-8")
        for name in ("test.json", "shapes.json", "nodes.json"):
            self.assertIn(str(HERE / "schema" / name), rule)


if __name__ == "__main__":
    unittest.main()
