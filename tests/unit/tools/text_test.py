# SPDX-License-Identifier: Apache-2.0
"""What a server's text looks like on a screen, and what it cannot do there."""

from __future__ import annotations

import io
import json
import os
import unittest
from typing import Any
from unittest import mock

import introspection  # noqa: F401  pylint: disable=unused-import  # the path to qmp

from qmp.text import Style, one_line, printable, script_json, wants_colour


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class TextTest(unittest.TestCase):
    """Plain text first."""

    def test_control_characters_are_shown_and_not_obeyed(self) -> None:
        for character in "\x00\x07\x08\x1b\x7f\x9b\r\u202e\u2028\ud800":
            for text in (printable(f"a{character}b"), Style().json(f"a{character}b"), one_line(f"a{character}b")):
                self.assertNotIn(character, text.replace(" ", ""))
                text.encode()

    def test_words_stay_readable(self) -> None:
        self.assertEqual(Style().json({"name": "Größe"}), '{\n  "name": "Größe"\n}')
        self.assertEqual(printable("a\r\nb\tc"), "a\nb\tc")
        self.assertEqual(one_line("a\r\n  b"), "a b")

    def test_text_of_several_lines_is_shown_as_text(self) -> None:
        self.assertEqual(Style().value("io0:\r\n  x=1\r\n"), "io0:\n  x=1")
        self.assertEqual(Style().value("one\r\n"), "one")
        self.assertEqual(Style().value("one"), '"one"')
        self.assertEqual(Style().value(""), '""')

    def test_events(self) -> None:
        stamp = {"seconds": 1795237914, "microseconds": 681553}
        self.assertRegex(Style().event({"event": "E", "timestamp": stamp, "data": {"id": 1}}),
                         r'^\d\d:\d\d:\d\d\.681 E \{"id": 1\}$')
        for odd in (None, {}, {"seconds": "x"}, {"seconds": 1e300, "microseconds": 0},
                    {"seconds": 1, "microseconds": None}):
            self.assertEqual(Style().event({"event": "E", "timestamp": odd}), "--:--:--.--- E")

    def test_for_scripts(self) -> None:
        value: Any = {"a": ["ä\u2028", 1]}
        self.assertEqual(script_json(value, True), '{"a":["\\u00e4\\u2028",1]}')
        self.assertEqual(json.loads(script_json(value, False)), value)


class ColourTest(unittest.TestCase):
    """Colours are added, and nothing else."""

    def test_colours_do_not_change_the_text(self) -> None:
        value = {"a": [1, -2.5e10, "b\\\"c", True, None], "d:": {}}
        coloured = Style(True).json(value)
        self.assertIn("\x1b[34m\"a\"\x1b[0m:", coloured)
        plain = "".join(part.partition("m")[2] if index else part for index, part in enumerate(coloured.split("\x1b[")))
        self.assertEqual(plain, Style().json(value))

    def test_who_gets_them(self) -> None:
        with mock.patch.dict(os.environ, {"TERM": "xterm"}, clear=True):
            self.assertTrue(wants_colour(Terminal()))
            self.assertFalse(wants_colour(io.StringIO()))
        for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
            with mock.patch.dict(os.environ, environment, clear=True):
                self.assertFalse(wants_colour(Terminal()))


if __name__ == "__main__":
    unittest.main()
