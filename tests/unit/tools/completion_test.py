# SPDX-License-Identifier: Apache-2.0
"""What TAB offers, and what `help` says."""

from __future__ import annotations

import unittest

from introspection import ENTRIES, SCHEMA

from qmp.completion import complete
from qmp.describe import describe, overview, suggestion
from qmp.schema import Schema

CASES = {
    "": "query-thing |add |set |rules |urgent |exit |help ",
    "  a": "add ",
    "query": "query-thing ",
    "nope": "",
    "-o ": "urgent ",
    "exec-oob:": "exec-oob:urgent ",
    "exec-oob: u": "urgent ",
    "help a": "add",
    "help T": "THING_GONE",
    "{": "",
    "query-thing ": "",
    "add ": "kind=|id=|thread=|thread.0=|writable=|cache.|port=|host=|proto=|nodelay=|"
            "filename=|size=|parent.",
    "add kind=net ": "id=|thread=|thread.0=|writable=|cache.|port=|host=|proto=|nodelay=",
    "add kind=net proto=udp n": "",
    "add kind=net proto=tcp n": "nodelay=",
    "add id=x kind=file ": "thread=|thread.0=|writable=|cache.|filename=|size=|parent.",
    "add port=1 kind=net p": "proto=",
    "add kind=": "net |file |null ",
    "add kind=n": "net |null ",
    "add writable=": "true |false ",
    "add writable=t": "true ",
    "add cache.": "cache.direct=|cache.mode=",
    "add cache.direct=on cache.": "cache.mode=",
    "add cache.mode=": "allow |deny ",
    "add kind=file parent.": "parent.kind=|parent.id=|parent.thread=|parent.thread.0=|parent.writable=|parent.cache.|"
                             "parent.port=|parent.host=|parent.proto=|parent.nodelay=|parent.filename=|"
                             "parent.size=|parent.parent.",
    "add kind=file parent.kind=net parent.p": "parent.port=|parent.proto=",
    "add kind=file parent.parent.kind=": "net |file |null ",
    "add thread.": "thread.0=",
    "add thread.0=a thread": "thread.1=",
    "set home=": "null ",
    "set home=n": "null ",
    "set path=": "",
    "set value.": "",
    "rules r": "rules.0.",
    "rules rules.": "rules.0.",
    "rules rules.0.": "rules.0.policy=|rules.0.match=",
    "rules rules.0.policy=": "allow |deny ",
    "rules rules.0.policy=allow rules.0.": "rules.0.match=",
    "rules rules.0.policy=allow r": "rules.1.",
    "rules rules.0.policy=allow rules.1.p": "rules.1.policy=",
    "add id='open w": "",
    "nope a": "",
    "add\tkind=": "net |file |null ",
}


class CompletionTest(unittest.TestCase):
    """Candidates for the word that ends where the cursor is."""

    def test_candidates(self) -> None:
        for before, expected in CASES.items():
            with self.subTest(before=before):
                self.assertEqual("|".join(complete(SCHEMA, before)), expected)


class HelpTest(unittest.TestCase):
    """The schema in words."""

    def test_command(self) -> None:
        self.assertEqual(describe(SCHEMA, "rules"), "rules\n"
                                                    "  rules    list of object\n"
                                                    "  [names]  list of string")
        self.assertEqual(describe(SCHEMA, "query-thing"), "query-thing\n"
                                                          "  no arguments\n"
                                                          "returns a list of:\n"
                                                          "  id      string\n"
                                                          "  [size]  integer")
        self.assertEqual(describe(SCHEMA, "urgent"), "urgent  (unstable, out of band too)\n  no arguments")

    def test_union_that_contains_itself(self) -> None:
        text = describe(SCHEMA, "add")
        assert text is not None
        self.assertIn("  if kind=net:\n", text)
        self.assertIn("[parent.port]", text)
        self.assertLess(len(text.splitlines()), 200)

    def test_long_lists_of_words_are_wrapped(self) -> None:
        words = [f"value-{number}" for number in range(40)]
        long = Schema([*ENTRIES, {"name": "many", "meta-type": "command", "arg-type": "m", "ret-type": "0"},
                       {"name": "m", "meta-type": "object", "members": [{"name": "word", "type": "w"}]},
                       {"name": "w", "meta-type": "enum", "members": [{"name": word} for word in words]}])
        lines = (describe(long, "many") or "").splitlines()
        self.assertLess(max(map(len, lines)), 100)
        self.assertEqual("".join(line.strip() for line in lines[1:]).removeprefix("word  "), "|".join(words))

    def test_event_and_nothing(self) -> None:
        self.assertIn("(event)", describe(SCHEMA, "THING_GONE") or "")
        self.assertIsNone(describe(SCHEMA, "nope"))

    def test_overview_has_everything(self) -> None:
        for name in (*SCHEMA.commands, *SCHEMA.events):
            self.assertIn(f"  {name}", overview(SCHEMA))

    def test_suggestion(self) -> None:
        self.assertEqual(suggestion(SCHEMA, "query-thign"), " (did you mean 'query-thing'?)")
        self.assertEqual(suggestion(SCHEMA, "xyz"), "")


if __name__ == "__main__":
    unittest.main()
