# SPDX-License-Identifier: Apache-2.0
"""The edges of the schema language, and schemas that are right but cannot become C++."""

from __future__ import annotations

import os
import time
import unittest

from generator_test import SchemaTest

from qapi.cpp import Cpp
from qapi.errors import SchemaError
from qapi.gen_types import TypesBackEnd
from qapi.main import generate, load

HUE = "{ 'struct': 'Hue', 'data': {} }\n"
KIND = "{ 'enum': 'Kind', 'data': [ 'a' ] }\n"
UNION = "{ 'union': 'Hue', 'base': { 'k': 'Kind' }, 'discriminator': 'k', 'data': {} }\n"


class EdgeTest(SchemaTest):
    """Verdicts by table."""

    def check(self, cases: dict[str, str]) -> None:
        """Schema and verdict of the front end."""
        for schema, expected in cases.items():
            with self.subTest(schema=schema[:200]):
                self.assertEqual(self.verdict(schema), expected)


class LexicalTest(EdgeTest):
    """Characters and lines."""

    def test_only_two_hashes_open_and_close_a_block(self) -> None:
        junk = "junk after '##'"
        for end in (" ", "\t", "\f", "\u00a0"):
            opening = f"1: {junk}: a line that is exactly '##' opens a documentation block"
            self.check({f"##{end}\n# x\n##\n": opening, f"##\n# x\n##{end}\n": f"3: {junk}"})
        self.check({"  ##\n\t# @Hue:\n \n     # x \n  ##\n" + HUE: "ok", HUE[:-1] + "##\n# x\n##": "ok"})

    def test_odd_characters(self) -> None:
        self.check(
            {
                HUE + "\0": "2: stray '\\x00'",
                "# \0\n" + HUE: "ok",
                "{ 'struct': 'H\0ue', 'data': {} }":
                    "1: character '\\x00' in a string: only printable ASCII is allowed",
                "\f\v{ 'command':\u2028'zap' }\u3000": "ok",
                "##\n#\u00a0x\n##\n": "2: one blank is needed after '#' in a documentation block",
            }
        )
        self.assertEqual(self.verdict(HUE.encode() + b"\r\r\n\r\xff"), "5: not UTF-8 text")

    def test_name_line_of_a_block(self) -> None:
        message = "2: a definition's documentation must start with '@NAME:' alone on its line"
        self.check({f"##\n# {line}\n##\n" + HUE: message for line in ("@Hue::", "@Hue: a:", "@Hue:a", "@Hue")})
        self.check({"##\n# @Hue :\n##\n" + HUE: "4: documentation is for 'Hue ', definition is 'Hue'"})

    def test_literal_blocks_end_at_less_indentation_only(self) -> None:
        wrong = "two blanks are needed between sentences"
        self.check(
            {
                "##\n# ::\n#\n# One. Two.\n#   Three. Four.\n# Five. Six.\n##\n": "ok",
                "##\n# ::\n#\n#  One. Two.\n#\n#   Three. Four.\n# Five. Six.\n##\n": f"7: {wrong}",
                "##\n# So::\n#\n#   One. Two.\n##\n": f"4: {wrong}",
                "##\n# 10. Item\n##\n": f"2: {wrong}",
                "##\n#   1. Item, e.g. This one\n##\n": "ok",
                "##\n# " + "\u00e9" * 68 + "\n##\n": "ok",
            }
        )


class FilesTest(EdgeTest):
    """What is no file to include."""

    def test_a_fifo_does_not_wait(self) -> None:
        os.mkfifo(self.dir / "fifo")
        self.check({"\n{ 'include': 'fifo' }": "2: cannot read 'fifo': Not a regular file"})

    def test_devices_and_long_files(self) -> None:
        with open(self.dir / "long.json", "wb") as file:
            file.truncate(1 << 40)
        self.check(
            {
                "{ 'include': '/dev/zero' }": "1: cannot read '/dev/zero': Not a regular file",
                "{ 'include': 'long.json' }": "1: cannot read 'long.json': longer than 16 MiB",
                "{ 'include': '' }": "1: cannot read '': Is a directory",
                "{ 'include': '" + "a" * 300 + "' }": f"1: cannot read '{'a' * 300}': File name too long",
            }
        )

    def test_directives_in_sub_directories(self) -> None:
        self.write("{ 'include': 'b.json' }\n{ 'pragma': { 'doc-required': true } }", "sub/a.json")
        self.write("{ 'include': '../sub/./a.json' }", "sub/b.json")
        include = "{ 'include': 'sub/a.json' }"
        with self.assertRaises(SchemaError) as caught:
            load(self.write(include))
        message = f"{self.dir}/sub/b.json:1: inclusion cycle: '../sub/./a.json' is being read already"
        self.assertEqual(str(caught.exception), message)
        self.write("", "sub/b.json")
        self.check({HUE + include: "1: 'Hue' needs a documentation block"})

    def test_a_file_called_like_the_built_in_module(self) -> None:
        self.write("{ 'struct': 'Tint', 'data': {} }", "qapi-builtin.json")
        schema = "{ 'include': 'qapi-builtin.json' }\n{ 'struct': 'Hue', 'data': { 't': 'Tint' } }"
        self.assertEqual(
            self.generation_verdict(schema),
            "1: files 'qapi-builtin.json' and './qapi-builtin.json' have the same generated file names",
        )


class ConditionTest(SchemaTest):
    """What conditions leave out cannot be used."""

    def test_types_that_are_left_out(self) -> None:
        gone = "{ 'struct': 'Gone', 'data': {}, 'if': 'NO' }\n"
        uses = {
            "{ 'struct': 'Hue', 'data': { 'g': 'Gone' } }": "struct 'Hue'",
            "{ 'struct': 'Hue', 'data': { '*g': [ 'Gone' ] } }": "struct 'Hue'",
            "{ 'struct': 'Hue', 'base': 'Gone', 'data': {} }": "struct 'Hue'",
            "{ 'alternate': 'Hue', 'data': { 'g': 'Gone' } }": "alternate 'Hue'",
            "{ 'command': 'zap', 'data': 'Gone' }": "command 'zap'",
            "{ 'command': 'zap', 'data': { 'g': 'Gone' } }": "command 'zap'",
            "{ 'command': 'zap', 'returns': [ 'Gone' ] }": "command 'zap'",
            "{ 'event': 'ZAP', 'data': 'Gone' }": "event 'ZAP'",
        }
        for schema, user in uses.items():
            with self.subTest(schema=schema):
                self.assertEqual(self.verdict(gone + schema), "ok")
                expected = f"2: {user} uses type 'Gone', whose 'if' does not hold"
                self.assertEqual(self.generation_verdict(gone + schema), expected)
                self.assertEqual(self.generation_verdict(gone + schema.removesuffix(" }") + ", 'if': 'NO' }"), "ok")

    def test_nothing_left(self) -> None:
        cases = {
            "{ 'enum': 'Kind', 'data': [ { 'name': 'a', 'if': 'NO' } ] }\n" + UNION:
                "2: discriminator of union 'Hue' has no value whose 'if' holds",
            "{ 'alternate': 'Hue', 'data': { 'n': { 'type': 'int', 'if': 'NO' } } }":
                "1: alternate 'Hue' has no branch whose 'if' holds",
            "{ 'enum': 'Kind', 'data': [ 'a', { 'name': 'b', 'if': 'NO' } ] }\n"
            + UNION.replace("{} }", "{ 'b': 'Tint' } }") + "{ 'struct': 'Tint', 'data': {} }":
                "2: branch 'b' of union 'Hue' is for a value whose 'if' does not hold",
            "{ 'enum': 'Kind', 'data': [" + ",".join(f"'v{n}'" for n in range((1 << 16) + 1)) + "] }":
                "1: enum 'Kind' has more than 65536 values",
        }
        for schema, expected in cases.items():
            with self.subTest(schema=schema[:200]):
                self.assertEqual(self.verdict(schema), "ok")
                self.assertEqual(self.generation_verdict(schema), expected)

    def test_options_that_are_left_out(self) -> None:
        path = self.write(HUE + "{ 'struct': 'CommandLine', 'data': { '*h': 'Hue' }, 'if': 'NO' }")
        self.assertNotIn("options.cpp", [file.name for file in generate(load(path), "qapi")])


class GeneratedTest(SchemaTest):
    """Names and comments that get in the way of C++."""

    def test_clashes(self) -> None:
        cases = {
            KIND + UNION.replace("'k': 'Kind'", "'k': 'Kind', 'u-': 'int'"):
                "2: the branches and member 'u-' have the same C++ name 'u' in union 'Hue'",
            KIND + UNION.replace("'Hue'", "'CommandLine'"): "2: 'CommandLine' must be a struct",
        }
        for schema, expected in cases.items():
            with self.subTest(schema=schema):
                self.assertEqual(self.generation_verdict(schema), expected)

    def test_an_option_may_hold_lists_in_lists(self) -> None:
        schema = "{ 'alternate': 'Deep', 'data': { 'number': 'int', 'list': [ 'Deep' ] } }\n"
        schema += "{ 'struct': 'Hue', 'data': { '*deep': 'Deep' } }\n{ 'union': 'Tint', 'base': { 'k': 'Kind' },"
        schema += " 'discriminator': 'k', 'data': { 'a': 'Hue' } }\n"
        path = self.write(KIND + schema + "{ 'struct': 'CommandLine', 'data': { '*tint': 'Tint', '*hue': 'Hue' } }")
        options = next(file for file in generate(load(path), "qapi") if file.name == "options.cpp").render()
        self.assertIn('"[deep=N|deep.0...]"', options)
        self.assertIn('{"deep", "int or [Deep]", true, ""}', options)

    def test_comments_stay_comments(self) -> None:
        for overview in ("Ends with \\", "Odd \u202e \u2066 \a text", "What??/"):
            doc = f"##\n# @Hue:\n#\n# {overview}\n##\n"
            header = TypesBackEnd(Cpp(load(self.write(doc + HUE)), "qapi")).files()[0].render()
            comment = next(line for line in header.splitlines() if line.startswith("///"))
            with self.subTest(overview=overview):
                self.assertTrue(comment.isprintable())
                self.assertFalse(comment.endswith(("\\", "??/")))


class SpeedTest(SchemaTest):
    """10,000 lines take less than two seconds, output included, whatever they are."""

    def test_large_schemas(self) -> None:
        count = 10_000
        mixed = (
            "{{ 'command': 'c{0}',\n  'data': {{ 'a': 'int',\n    '*b': 'S{0}x' }},\n  'returns': 'S{0}x' }}\n"
            "{{ 'struct': 'S{0}x',\n  'data': {{ 'x': 'int',\n    '*e': 'E{0}x' }} }}\n"
            "{{ 'enum': 'E{0}x', 'data': [ 'a',\n  'b',\n  'c' ] }}\n"
        )
        half = count // 2
        described = "##\n# @Kind:\n#\n" + "".join(f"# @v{n}: x\n" for n in range(half)) + "##\n"
        cases = {
            "mixed": "".join(mixed.format(n) for n in range(count // 10)),
            "described": described + "{ 'enum': 'Kind', 'data': [" + ",\n".join(f"'v{n}'" for n in range(half)) + "] }",
            "features": "{ 'command': 'zap', 'features': [" + ",\n".join(f"'v{n}'" for n in range(count)) + "] }",
            "members": "{ 'struct': 'Hue', 'data': {" + ",\n".join(f"'v{n}': 'int'" for n in range(count)) + "} }",
        }
        for name, schema in cases.items():
            with self.subTest(schema=name):
                start = time.process_time()
                self.generation_verdict(schema)
                self.assertLess(time.process_time() - start, 15)

    def test_wide_hierarchies(self) -> None:
        wide = ", ".join(f"'m{n}': 'int'" for n in range(1000))
        kind = "{ 'enum': 'Kind', 'data': [" + ", ".join(f"'v{n}'" for n in range(1000)) + "] }\n"
        branches = ", ".join(f"'v{n}': 'S{n}x'" for n in range(1000))
        structs = "".join(f"{{ 'struct': 'S{n}x', 'data': {{ 's{n}': 'int' }} }}\n" for n in range(1000))
        inner = f"{{ 'union': 'In', 'base': {{ 'k': 'Kind' }}, 'discriminator': 'k', 'data': {{ {branches} }} }}\n"
        outer = ", ".join(f"'v{n}': 'In'" for n in range(1000))
        levels = "".join(
            f"{{ 'struct': 'L{n}x', 'base': 'L{n + 1}x', 'data': {{ 'a{n}': 'int' }} }}\n"
            + "".join(f"{{ 'struct': 'L{n}d{m}x', 'base': 'L{n}x', 'data': {{ 'b': 'int' }} }}\n" for m in range(99))
            for n in range(98)
        )
        cases = {
            "many of one base": f"{{ 'struct': 'Top', 'data': {{ {wide} }} }}\n"
            + "".join(f"{{ 'struct': 'S{n}x', 'base': 'Top', 'data': {{ 'own': 'int' }} }}\n" for n in range(9000)),
            "union in every branch": kind + structs + inner
            + f"{{ 'union': 'Out', 'base': {{ 'j': 'Kind' }}, 'discriminator': 'j', 'data': {{ {outer} }} }}\n",
            "long lineages": levels + "{ 'struct': 'L98x', 'data': {} }",
        }
        for name, schema in cases.items():
            with self.subTest(schema=name):
                start = time.process_time()
                self.assertEqual(self.generation_verdict(schema), "ok")
                self.assertLess(time.process_time() - start, 15)

    def test_many_includes(self) -> None:
        for number in range(2000):
            self.write("", f"{number}.json")
        start = time.process_time()
        self.assertEqual(self.verdict("\n".join(f"{{ 'include': '{n}.json' }}" for n in range(2000))), "ok")
        self.assertLess(time.process_time() - start, 15)


if __name__ == "__main__":
    unittest.main()
