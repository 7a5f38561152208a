# SPDX-License-Identifier: Apache-2.0
"""scripts/qapi-gen as a command when things go wrong around it: exit status, one message, all files or none."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import unittest
from unittest.mock import patch

from generator_test import TOOL, SchemaTest

from qapi.output import write_changed

SCHEMA = "{ 'enum': 'Hue', 'data': [ 'red' ] }\n{ 'command': 'zap', 'returns': [ 'Tint' ] }\n"
SCHEMA += "{ 'struct': 'Tint', 'data': { 'hue': 'Hue' } }\n"


class ToolTest(SchemaTest):
    """A schema, a directory for output, and the command."""

    def setUp(self) -> None:
        super().setUp()
        self.schema = self.write(SCHEMA)
        self.out = self.dir / "out"

    def run_tool(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run the command in the test's directory."""
        command = [sys.executable, str(TOOL), *arguments]
        options = {"stdout": subprocess.PIPE, **options}
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, cwd=self.dir, **options)
        self.assertNotIn("Traceback", done.stderr)
        self.assertNotIn("Exception ignored", done.stderr)
        return done

    def contents(self) -> dict[str, str]:
        """The output files."""
        return {path.name: path.read_text(encoding="utf-8") for path in self.out.iterdir() if path.is_file()}


class StreamTest(ToolTest):
    """Standard output that nobody reads."""

    def test_a_closed_pipe(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = self.run_tool("--list", self.schema, stdout=writer)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (1, "qapi-gen: cannot write standard output: Broken pipe\n"))

    def test_a_full_device(self) -> None:
        with open("/dev/full", "wb") as full:
            done = self.run_tool("--list", self.schema, stdout=full)
        message = "qapi-gen: cannot write standard output: No space left on device\n"
        self.assertEqual((done.returncode, done.stderr), (1, message))

    def test_no_standard_output_at_all(self) -> None:
        done = self.run_tool("--list", self.schema, preexec_fn=lambda: os.close(1))
        message = "qapi-gen: cannot write standard output: Bad file descriptor\n"
        self.assertEqual((done.returncode, done.stderr), (1, message))

    def test_no_standard_error(self) -> None:
        done = self.run_tool("--check", self.write("nonsense"), preexec_fn=lambda: os.close(2))
        self.assertEqual((done.returncode, done.stdout), (1, ""))


class WriteTest(ToolTest):
    """Output that cannot be written leaves what was there."""

    def test_an_output_directory_that_is_a_file(self) -> None:
        self.out.write_text("mine", encoding="utf-8")
        done = self.run_tool("-o", str(self.out), self.schema)
        message = f"qapi-gen: cannot write '{self.out}': File exists\n"
        self.assertEqual((done.returncode, done.stderr), (1, message))
        self.assertEqual(self.out.read_text(encoding="utf-8"), "mine")

    def test_a_limit_for_the_size_of_files(self) -> None:
        self.run_tool("-o", str(self.out), self.schema)
        before = self.contents()
        large = self.write(SCHEMA + "{ 'enum': 'Tone', 'data': [" + ",".join(f"'t{n}'" for n in range(999)) + "] }")
        limit = (2000, 2000)
        done = self.run_tool(
            "-o", str(self.out), large, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        )
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"^qapi-gen: cannot write '{self.out}/\S+': File too large\n$")
        self.assertEqual(self.contents(), before)

    def test_a_directory_where_a_file_should_be(self) -> None:
        self.run_tool("-o", str(self.out), self.schema)
        (self.out / "introspection.cpp").unlink()
        (self.out / "introspection.cpp").mkdir()
        before = self.contents()
        done = self.run_tool("-o", str(self.out), self.write(SCHEMA + "{ 'command': 'zip' }"))
        message = f"qapi-gen: cannot write '{self.out}/introspection.cpp': Is a directory\n"
        self.assertEqual((done.returncode, done.stderr), (1, message))
        self.assertEqual(self.contents(), before)

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_directory_without_permission(self) -> None:
        self.out.mkdir(mode=0o500)
        done = self.run_tool("-o", str(self.out), self.schema)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)

    def test_an_interrupt_leaves_no_temporary_files(self) -> None:
        self.out.mkdir()
        texts = {str(self.out / name): name for name in ("a", "b", "c")}
        with patch("os.replace", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            write_changed(texts)
        self.assertEqual(self.contents(), {})

    def test_an_interrupt_ends_the_command_quietly(self) -> None:
        run = "import runpy, qapi.main; qapi.main.load = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt());"
        run += "import sys; sys.argv = ['qapi-gen', '--check', 't.json'];"
        run += f"runpy.run_path({str(TOOL)!r}, run_name='__main__')"
        environment = {**os.environ, "PYTHONPATH": str(TOOL.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (130, "", ""))


class ArgumentTest(ToolTest):
    """Odd arguments."""

    def test_symbols(self) -> None:
        for symbol in ("", "on", "A=1", "A B", "_A", "\u00c4", "-A"):
            done = self.run_tool("--check", f"--define={symbol}", self.schema)
            self.assertEqual(done.returncode, 2, symbol)
        self.assertEqual(self.run_tool("--check", "--define", "A_1", "--define", "A_1", self.schema).returncode, 0)

    def test_directories_that_no_include_can_name(self) -> None:
        for name in ("", 'a"b', "a\\b", "a\nb"):
            self.assertEqual(self.run_tool("-o", name, self.schema).returncode, 2, name)

    def test_paths_of_any_kind(self) -> None:
        os.symlink(self.schema, self.dir / "link.json")
        expected = self.run_tool("--list", self.schema).stdout
        for name in ("-t.json", "a b$c.json", "\u00fc.json", "t", ".json"):
            self.write(SCHEMA, name)
            done = self.run_tool("-o", "out dir/x y", "--depfile", "out.d", "--", name)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
        self.assertEqual(self.run_tool("--check", "-t.json").returncode, 2)
        self.assertEqual(self.run_tool("--list", "./t.json").stdout, expected)
        self.assertEqual(self.run_tool("--list", "link.json").stdout, re.sub("^t_", "link_", expected, flags=re.M))

    def test_paths_that_are_not_utf_8(self) -> None:
        directory = self.dir / os.fsdecode(b"\xff")
        directory.mkdir()
        (directory / "t.json").write_text(SCHEMA, encoding="utf-8")
        done = self.run_tool("-o", str(directory / "q"), "--depfile", str(self.dir / "q.d"), str(directory / "t.json"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(b"/\xff/t.json", (self.dir / "q.d").read_bytes())

    def test_paths_in_the_depfile(self) -> None:
        name = "a b$c#d\\e\\ f.json"
        self.write(SCHEMA, name)
        done = self.run_tool("-o", "q", "--depfile", "q.d", "--depfile-target", "t 1", name)
        self.assertEqual(done.returncode, 0)
        first = (self.dir / "q.d").read_text(encoding="utf-8").split(" \\\n")[0]
        self.assertEqual(first, f"t\\ 1: {self.dir}/a\\ b$$c\\#d\\e\\\\\\ f.json")


if __name__ == "__main__":
    unittest.main()
