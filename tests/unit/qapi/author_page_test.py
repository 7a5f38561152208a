# SPDX-License-Identifier: Apache-2.0
"""What qapi-schema/README.md says about adding a command is so."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "integration")]

from harness.pattern import difference  # noqa: E402
from qapi.errors import SchemaError  # noqa: E402
from qapi.examples import check_chains, collect_examples, first_runnable  # noqa: E402
from qapi.main import generate, load, main  # noqa: E402

PAGE = (ROOT / "qapi-schema" / "README.md").read_text(encoding="utf-8")
MODULE = "iothread"  # where the page puts its command
KIND = "# @kind: count holders of this kind only (default: all kinds)\n#\n"
FEATURES = "# Features:\n#\n# @unstable: This command is an exercise.\n#\n"
MISTAKES = {  # a message of the page -> what is changed in the page's schema, into what
    "documentation of command 'x-count-holders' does not describe 'kind'": (KIND, ""),
    "'kinds' is described, but command 'x-count-holders' has no such member": (KIND, KIND + "# @kinds: these\n#\n"),
    "documentation of command 'x-count-holders' does not describe feature 'unstable'": (FEATURES, ""),
    "documentation is for 'x-count-holder', definition is 'x-count-holders'": ("@x-count-holders:", "@x-count-holder:"),
    "'HolderCount' needs a documentation block": (r"##\n# @HolderCount.*?##\n", ""),
    "documentation line is longer than 70 columns": ("How many holders", "How many " + 10 * "and many " + "holders"),
    "two blanks are needed between sentences": ("from being deleted.", "from being deleted. By hand."),
    "command 'x-count-holders' uses unknown type 'HolderCounts'": ("s': 'HolderCount'", "s': 'HolderCounts'"),
    "command 'x-count-holders' has unknown key 'return'": ("'returns'", "'return'"),
    "name of command 'x-count_holders' must not use upper case or '_'": ("x-count-holders", "x-count_holders"),
    "expected ',' or '}', found string 'features'": ("'returns': 'HolderCount',", "'returns': 'HolderCount'"),
    "expected a key in single quotes, found '}'": ("[ 'unstable' ] }", "[ 'unstable' ], }"),
    "stray '\"returns\"'": ("'returns'", '"returns"'),
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def messages(heading: str) -> list[str]:
    """The first column of the table that follows a text."""
    table = PAGE.split(heading, 1)[1].split("\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return [match.group(1) for row in table.splitlines() if (match := re.match(r"\| `(.*?)` \|", row))]


class AuthorPageTest(unittest.TestCase):
    """The page's own blocks, put where the page says."""

    def setUp(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="qapi-")
        self.addCleanup(self._directory.cleanup)
        folder = Path(self._directory.name, "qapi-schema")
        shutil.copytree(ROOT / "qapi-schema", folder)
        self.root = folder / "iothreadd.json"
        self.module = folder / f"{MODULE}.json"
        self.before = self.module.read_text(encoding="utf-8")
        self.schema = blocks("json")[0]

    def write(self, addition: str) -> str:
        """Add text at the end of the module; the root schema."""
        self.module.write_text(f"{self.before}\n{addition}", encoding="utf-8")
        return str(self.root)

    def test_schema_is_right(self) -> None:
        schema = load(self.write(self.schema))
        self.assertIn("x-count-holders", [command.name for command in schema.commands])
        examples = collect_examples(schema)
        check_chains(examples)
        self.assertIsNotNone(first_runnable(examples, "x-count-holders"))

    def test_function_is_the_one_declared(self) -> None:
        files = {file.name: file.render() for file in generate(load(self.write(self.schema)), "qapi")}
        declaration, definition = blocks("cpp")
        self.assertIn(f"\n{declaration}", files[f"{MODULE}_commands.hpp"])
        self.assertEqual(definition.split(" {\n")[0] + ";\n", declaration)
        self.assertIn(f"build/release/qapi/{MODULE}_commands.hpp", PAGE)

    def test_function_compiles(self) -> None:
        build = Path(self._directory.name, "build")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(main(["-o", str(build / "qapi"), self.write(self.schema)]), 0)
        source = (ROOT / "daemon" / "iothread" / "iothread_qmp.cpp").read_text(encoding="utf-8")
        include = re.search(r'`(#include "[^"]*")` at the top of that file', PAGE)
        assert include
        end = source.rindex("} // namespace iothreadd")
        changed = build / "iothread_qmp.cpp"
        changed.write_text(f"{include.group(1)}\n{source[:end]}{blocks('cpp')[1]}{source[end:]}", encoding="utf-8")
        warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wmissing-declarations", "-Werror"]
        compiler = ["g++", "-std=c++20", "-fsyntax-only", *warnings, f"-I{ROOT}", f"-I{build}", str(changed)]
        done = subprocess.run(compiler, capture_output=True, text=True, check=False, timeout=200)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_messages_are_those_of_the_tool(self) -> None:
        self.assertEqual(messages("## When it says no"), list(MISTAKES))
        first_line = self.before.count("\n") + 2
        for message, (old, new) in MISTAKES.items():
            with self.subTest(message=message):
                pattern = old if old.startswith("##") else re.escape(old)
                wrong, count = re.subn(pattern, lambda _, new=new: new, self.schema, flags=re.DOTALL)
                self.assertGreater(count, 0)
                printed = io.StringIO()
                with contextlib.redirect_stderr(printed):
                    self.assertEqual(main(["--check", self.write(wrong)]), 1)
                match = re.fullmatch(r"(.*):(\d+): (.*)\n", printed.getvalue())
                assert match, printed.getvalue()
                self.assertEqual((match.group(1), match.group(3)), (str(self.module), message))
                self.assertGreaterEqual(int(match.group(2)), first_line)

    def test_compiler_and_linker_name_the_function(self) -> None:
        header = {file.name: file.render() for file in generate(load(self.write(self.schema)), "qapi")}
        for message in messages("The compiler and the linker"):
            names = re.findall(r"qmp_\w+|\w+Args", message)
            self.assertTrue(names and all(name in header[f"{MODULE}_commands.hpp"] for name in names), message)

    def test_messages_of_the_examples(self) -> None:
        missing, unknown, untrue = messages("And the test of the examples")
        player = (ROOT / "tests" / "integration" / "manual" / "examples.py").read_text(encoding="utf-8")
        self.assertIn(missing.replace("x-count-holders", "{definition.name}"), player)
        wrong = self.schema.replace(":after: block-export-add", ":after: block-export-adds")
        with self.assertRaises(SchemaError) as caught:
            check_chains(collect_examples(load(self.write(wrong))))
        self.assertEqual(caught.exception.message, unknown)
        examples = collect_examples(load(self.write(self.schema.replace('"count": 1', '"count": 2'))))
        answer = examples["x-count-holders"][0].messages[-1]
        self.assertEqual(difference({"return": {"iothread": "io0", "count": 1}}, answer.pattern), untrue)

    def test_short_definitions_are_right(self) -> None:
        listed = PAGE.split("## What else", 1)[1].split("\n## ", 1)[0]
        short = re.findall(r"`(\{ '.*?\})`", listed)
        self.assertEqual(len(short), 4)
        path = Path(self._directory.name, "t.json")
        path.write_text("\n".join([*short, "{ 'struct': 'Fixed', 'data': {} }"]), encoding="utf-8")
        text = "".join(file.render() for file in generate(load(str(path)), "qapi"))
        self.assertIn("struct HoldersGoneEvent {", text)
        self.assertRegex(text, r"\nvoid emit\(EventSink &sink, const (qapi::)?HoldersGoneEvent &event\);")

    def test_files_and_names_exist(self) -> None:
        for path in re.findall(r"`((?:qapi-schema|daemon|tests|scripts)/[\w./-]*)`?", PAGE):
            if "NAME" not in path:
                self.assertTrue((ROOT / path).exists(), path)
        sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "daemon").rglob("*.?pp"))
        for function in re.findall(r"`(qmp_\w+)\(\)`", PAGE):
            self.assertIn(function, sources)

    def test_answers_are_those_of_the_function_and_the_decoder(self) -> None:
        decoder = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "protocol" / "qmp").glob("*.cpp"))
        told = re.findall(r'"desc": "(.*?)"', blocks("json")[1])
        self.assertEqual(len(told), 2)
        for desc in told:
            self.assertIn(re.sub(r"'.*?'", "'{}'", desc), blocks("cpp")[1] + decoder)


if __name__ == "__main__":
    unittest.main()
