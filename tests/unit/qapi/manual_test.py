# SPDX-License-Identifier: Apache-2.0
"""The reference manual: its markup, its two forms, and the real one.

`manual_test.py --update` writes the expected pages anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from html.parser import HTMLParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from qapi.entry import Entry  # noqa: E402
from qapi.errors import SchemaError  # noqa: E402
from qapi.gen_man import escape  # noqa: E402
from qapi.inline import Span  # noqa: E402
from qapi.main import load, manual_files  # noqa: E402
from qapi.manual import build_manual  # noqa: E402
from qapi.markup import (  # noqa: E402
    Block, ExampleBlock, Figure, Heading, ListBlock, LiteralBlock, Note, Paragraph, Table,
)

TOOL = ROOT / "scripts" / "qapi-gen"
DATA = HERE / "data" / "manual"
SCHEMA = ROOT / "qapi-schema" / "iothreadd.json"
VOID = {"meta", "input", "br", "hr", "link", "img"}
DATE_WARNING = "missing date"
"""What mandoc says about pages without a date: a date would make each build another one."""


def shown(block: Block) -> object:
    """A block as plain data: text with its kind as a prefix, lists for lists."""
    if isinstance(block, Paragraph):
        return spans(block.spans)
    if isinstance(block, ListBlock):
        return ["ol" if block.ordered else "ul", *([shown(one) for one in item] for item in block.items)]
    if isinstance(block, LiteralBlock):
        return {"literal": block.text}
    if isinstance(block, ExampleBlock):
        return {"example": [message.text() for message in block.example.messages]}
    if isinstance(block, Note):
        return {"note": [shown(one) for one in block.blocks]}
    if isinstance(block, Figure):
        return {"figure": block.svg, "caption": spans(block.caption)}
    if isinstance(block, Heading):
        return {f"h{block.level}": block.text}
    assert isinstance(block, Table)
    rows = [[spans(cell) for cell in row] for row in [block.header, *block.rows]]
    return {"header": rows[0], "rows": rows[1:]}


def spans(found: list[Span]) -> str:
    """`text<kind:text>text`, with the anchor of links."""
    parts = []
    for span in found:
        link = f"#{span.anchor}" if span.anchor else ""
        parts.append(span.text if span.kind == "text" else f"<{span.kind}:{span.text}{link}>")
    return "".join(parts)


class SchemaTest(unittest.TestCase):
    """A directory of its own, and schemas in it."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="manual-")
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)

    def write(self, text: str) -> str:
        """Write a schema file; the path of it."""
        path = self.dir / "t.json"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def blocks(self, text: str) -> list[object]:
        """What the lines of a free-form block are parsed to, below their chapter."""
        lines = [f"# {line}".rstrip() for line in text.split("\n")]
        manual = build_manual(load(self.write("\n".join(["##", "# = T", "#", *lines, "##", DEFINITIONS]))), "t")
        return [shown(block) for block in manual.chapters[0].content if not isinstance(block, Entry)]

    def error(self, text: str) -> str:
        """The line, counted from the first of `text`, and the text of the error."""
        with self.assertRaises(SchemaError) as caught:
            self.blocks(text)
        position = caught.exception.position
        assert position
        self.assertEqual(position.file, str(self.dir / "t.json"))
        return f"{position.line - 3}: {caught.exception.message}"


DEFINITIONS = """
{ 'pragma': {} }
##
# @Hue:
#
# A colour.
#
# @red: how red
##
{ 'struct': 'Hue', 'data': { 'red': 'int' } }
{ 'struct': 'Bare', 'data': { 'hidden': 'int' } }
##
# @CommandLine:
#
# Options.
#
# @hue: a colour
##
{ 'struct': 'CommandLine', 'data': { '*hue': 'Hue' } }
"""


class MarkupTest(SchemaTest):
    """Each construct."""

    def test_inline(self) -> None:
        cases = {
            "``a `b` *c* @d``": ["<literal:a `b` *c* @d>"],
            "a *b c* d **e f**.": ["a <emphasis:b c> d <strong:e f>."],
            "over *two\nlines*, and\nmore": ["over <emphasis:two lines>, and more"],
            "`Hue`, `Bare`, `Hue.red`, `--hue`": [
                "<name:Hue#type-Hue>, <name:Bare>, <name:Hue.red#type-Hue.red>, <name:--hue#type-CommandLine.hue>"
            ],
            "@red and @hidden.": ["<member:red> and <member:hidden>."],
            "See https://a.b/c_d?e=*f*.  (http://x.y)": ["See <url:https://a.b/c_d?e=*f*>.  (<url:http://x.y>)"],
            "2 * 3, 2^63-1, me@home.org, a*b, snake_case, -1, 'x', \"*\"": [
                "2 * 3, 2^63-1, me@home.org, a*b, snake_case, -1, 'x', \"*\""
            ],
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.blocks(text), expected)

    def test_blocks(self) -> None:
        cases = {
            "a\nb\n\nc": ["a b", "c"],
            "- a\n  b\n- c\n\n- d\n\ne": [["ul", ["a b"], ["c"], ["d"]], "e"],
            "1. a\n2. b\n\n#. c": [["ol", ["a"], ["b"], ["c"]]],
            "* a\n\n  - b\n\n    c\n\n  d": [["ul", ["a", ["ul", ["b", "c"]], "d"]]],
            "a::\n\n  b\n\n   - c\n\nd": ["a:", {"literal": "b\n\n - c"}, "d"],
            "a ::\n\n  b": ["a", {"literal": "b"}],
            "::\n\n    b *c": [{"literal": "b *c"}],
            ".. note:: a\n    b\n\n    - c": [{"note": ["a b", ["ul", ["c"]]]}],
            ".. note::\n\n    a": [{"note": ["a"]}],
            "== Sub\n\na": [{"h2": "Sub"}, "a"],
            "===  ==\nA    B\n===  ==\na    b c\n     d\n*e*  f\n===  ==": [
                {"header": ["A", "B"], "rows": [["a", "b c d"], ["<emphasis:e>", "f"]]}
            ],
            "==  ==\na   b\n==  ==": [{"header": [], "rows": [["a", "b"]]}],
            ".. qmp-example::\n\n    -> { \"execute\": \"x\",\n         \"id\": 1 }\n    <- { \"return\": {} }": [
                {"example": ['{ "execute": "x",\n  "id": 1 }', '{ "return": {} }']}
            ],
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.blocks(text), expected)

    def test_inline_errors(self) -> None:
        cases = {
            "a\nb ``c\nd": "2: '``' is not closed",
            "a `Hue": "1: '`' is not closed",
            "a\n\n**b* c": "3: '**' is not closed",
            "*b c": "1: '*' is not closed",
            "a `Huge` b": "1: `Huge` is no definition, member or option: write ``Huge`` if none is meant",
            "a\n`Hue.blue`": "2: `Hue.blue` is no definition, member or option: write ``Hue.blue`` if none is meant",
            "`--rgb`": "1: `--rgb` is no definition, member or option: write ``--rgb`` if none is meant",
            "a\n@blue": "2: '@blue' is no member of anything",
            ":ref:`Hue`": "1: unknown role ':ref:'",
            "see hue_ there": "1: 'hue_' looks like markup: write it as ``literal``",
            "a |b| c": "1: '|b|' looks like markup: write it as ``literal``",
            "a \\* b": "1: '\\' looks like markup: write it as ``literal``",
            "`Hue`_": "1: '`' must be followed by a blank or punctuation",
            "`` a``": "1: nothing, or a blank, right inside '``'",
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.error(text), expected)

    def test_block_errors(self) -> None:
        cases = {
            "a\n\n.. warning:: b": "3: unknown directive 'warning'",
            ".. a comment": "1: this looks like a directive that does not exist, or a comment",
            "a\n  b": "2: unexpected indentation",
            "  a": "1: unexpected indentation",
            "a\n- b": "2: a blank line is needed before a list",
            "- a\nb": "2: a blank line is needed after a list",
            "- a\n\n - b": "3: the text of this list item is indented by 2 blanks",
            "- a\n\n1. b\n- c": "3: a list must have items of one kind",
            "1. a\n3. b": "2: item 2 of a list has the number 3",
            "-": "1: list item without text",
            "a::\n\nb": "1: '::' without an indented block",
            "a\n\n::": "3: '::' without an indented block",
            "Title\n-----": "2: this looks like the line of a heading: headings are '= Title'",
            "=== Deep": "1: this looks like a heading of a level that does not exist",
            "== Sub\na": "2: a blank line is needed after a heading",
            "a\n== Sub": "2: a blank line is needed after a paragraph",
            ".. note::": "1: note without text",
            "- a\n\n  == Sub": "3: a heading is only possible in free-form documentation",
            ":a: b": "1: this looks like a field list",
            "| a": "1: this looks like a line block",
            ">>> a": "1: this looks like a doctest block",
            "+--+\n|a |": "1: this looks like a grid table",
            "==  ==\na   b": "1: a table needs a border above, below, and below its header",
            "==  ==\naaa b\n==  ==": "2: text in the gap between two columns of a table",
            "==  ==\na   `X`\n==  ==": "2: `X` is no definition, member or option: write ``X`` if none is meant",
            ".. qmp-example:: a": "1: unexpected text after '.. qmp-example::'",
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.error(text), expected)

    def test_errors_in_a_definition_have_their_line(self) -> None:
        lines = "##\n# @Hue:\n#\n# Fine.\n#\n# @r: red,\n#     but\n#\n# Since: 1\n#\n# More\n#\n#     ``no\n##\n"
        definition = "{ 'struct': 'Hue', 'data': { 'r': 'int' } }\n"
        for old, new, expected in (
            ("    but", "    ``but", "7: '``' is not closed"),
            ("@r: red", "@r: `red`", "6: `red` is no definition"),
            ("Since: 1", "Since: *1", "9: '*' is not closed"),
            ("Fine.", "Fine.", "13: unexpected indentation"),
            ("Fine.", "= Fine", "4: a heading is only possible"),
        ):
            with self.subTest(new=new), self.assertRaisesRegex(SchemaError, re.escape(f":{expected}")):
                build_manual(load(self.write(lines.replace(old, new) + definition)), "t")

    def test_chains_of_examples_are_checked(self) -> None:
        example = ".. qmp-example::\n#     :runnable:\n#     :after: nope\n#\n#     -> { \"execute\": \"zap\" }"
        with self.assertRaisesRegex(SchemaError, ":6: ':after:' names 'nope'"):
            build_manual(load(self.write(f"##\n# @zap:\n#\n# Zap.\n#\n# {example}\n##\n{{ 'command': 'zap' }}\n")), "t")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>T</title>{}</svg>'


class FigureTest(SchemaTest):
    """`.. figure::` and the files that it may show."""

    def figure(self, content: str | bytes) -> list[object]:
        """What becomes of a page with a figure with this content."""
        (self.dir / "f.svg").write_bytes(content.encode() if isinstance(content, str) else content)
        return self.blocks("a\n\n.. figure:: f.svg\n\n    b *c*\n    d\n\ne")

    def test_only_the_element_is_taken(self) -> None:
        svg = SVG.format('<g><use href="#a"/><path d="M0 0" fill="url(#b)"/></g>')
        for before, after in (("", ""), ('<?xml version="1.0"?>\n<!-- <b> -->\n', "\n<!-- end -->\n")):
            with self.subTest(before=before):
                self.assertEqual(self.figure(before + svg + after),
                                 ["a", {"figure": svg, "caption": "b <emphasis:c> d"}, "e"])

    def test_files_that_cannot_be_shown(self) -> None:
        cases: dict[str | bytes, str] = {
            "": "it is not XML: no element found: line 1, column 0",
            "<svg>": "it is not XML: no element found: line 1, column 5",
            "<svg/>": "it is not SVG",
            b"\xff": "it is not UTF-8",
            SVG.format("").replace("viewBox", "box"): "it has no viewBox, so it cannot be scaled",
            SVG.format("").replace("title", "desc"): "it has no title, for those who cannot see it",
            "<!DOCTYPE svg>" + SVG.format(""): "it has a document type or a CDATA section",
            SVG.format("<script/>"): "it has an element 'script'",
            SVG.format("<style>p {}</style>"): "it has an element 'style'",
            SVG.format('<b xmlns="http://www.w3.org/1999/xhtml"/>'): "it has an element 'b'",
            SVG.format('<g onclick="f()"/>'): "it has an attribute 'onclick'",
            SVG.format('<g style="x: url(a)"/>'): "it has an attribute 'style'",
            SVG.format('<use href="a.svg"/>'): "it refers to 'a.svg'",
            SVG.format('<g fill="url(a.svg#b)"/>'): "it refers to 'url(a.svg#b)'",
            '<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0"><s:title/></s:svg>': "its elements have a prefix",
        }
        for content, expected in cases.items():
            with self.subTest(content=content), self.assertRaises(SchemaError) as caught:
                self.figure(content)
            self.assertEqual(caught.exception.message, f"figure 'f.svg': {expected}")
            self.assertEqual(caught.exception.position and caught.exception.position.line, 6)

    def test_wrong_use(self) -> None:
        (self.dir / "f.svg").write_text(SVG.format(""), encoding="utf-8")
        where = "a figure is only possible in free-form documentation"
        name = "'.. figure::' needs the name of an SVG file in the same directory"
        cases = {
            ".. figure::\n\n    a": f"1: {name}",
            ".. figure:: f.png\n\n    a": f"1: {name}",
            ".. figure:: ../f.svg\n\n    a": f"1: {name}",
            "a\n\n.. figure:: g.svg\n\n    a": "3: figure 'g.svg': cannot read it: No such file or directory",
            ".. figure:: f.svg\n\na": "1: figure without caption",
            ".. figure:: f.svg\n\n    a `b`": "3: `b` is no definition, member or option: write ``b`` if none is meant",
            "- .. figure:: f.svg\n\n      a": f"1: {where}",
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.error(text), expected)

    def test_not_in_a_definition(self) -> None:
        (self.dir / "f.svg").write_text(SVG.format(""), encoding="utf-8")
        text = "##\n# @Thing:\n#\n# .. figure:: f.svg\n#\n#     a\n##\n{ 'struct': 'Thing', 'data': {} }\n"
        with self.assertRaisesRegex(SchemaError, ":4: a figure is only possible in free-form"):
            build_manual(load(self.write(text)), "t")


class MutationTest(SchemaTest):
    """Whatever stands in a documentation block: pages, or an error that says where."""

    PIECES = ("`", "``", "*", "**", "@", "@id", "::", "- ", "1. ", "   ", ".. note::", ".. qmp-example::", "= X",
              "==  ==", "\\", "_", "|", "->", "<-", "...", "", "`id`", "\u00e9", "(default: 1)")

    def mutate(self, lines: list[str], chance: random.Random) -> None:
        """Change one line of documentation."""
        index = chance.choice([number for number, line in enumerate(lines) if line.startswith("# ")])
        line = lines[index]
        at = chance.randint(2, len(line))
        changed = [
            [line[:at] + chance.choice(self.PIECES) + line[at:]],
            [line[:at] + line[at + 1 :]],
            ["# " + " " * chance.randint(0, 6) + line[2:].lstrip()],
            ["# " + chance.choice(self.PIECES), line],
            ["#", line],
            [],
        ]
        lines[index : index + 1] = [one.rstrip() for one in chance.choice(changed)]

    def test_never_anything_but_pages_or_a_schema_error(self) -> None:
        exceptions = "'documentation-exceptions': [ 'Kept' ], 'command-returns-exceptions': [ 'get-text' ]"
        original = [f"{{ 'pragma': {{ {exceptions} }} }}", *(DATA / "parts" / "pools.json").read_text(encoding="utf-8").split("\n")]
        outcomes = {"pages": 0, "error": 0}
        for seed in range(200):
            chance, lines = random.Random(seed), list(original)
            for _ in range(chance.randint(1, 3)):
                self.mutate(lines, chance)
            path = self.write("\n".join(lines))
            try:
                manual_files(load(path), "x", "")
                outcomes["pages"] += 1
            except SchemaError as error:
                self.assertTrue(error.position and 1 <= error.position.line <= len(lines), f"seed {seed}: {error}")
                outcomes["error"] += 1
        self.assertGreater(min(outcomes.values()), 40, outcomes)


class Page(HTMLParser):
    """Collects ids and links, and checks that tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if "href" in values else []
        if tag in ("p", "dl", "ul", "ol", "pre", "div", "table", "figure") and "p" in self.open:
            self.faults.append(f"<{tag}> inside <p>, line {self.getpos()[0]}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"stray </{tag}>, line {self.getpos()[0]}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def body(page: str) -> str:
    """What comes from the schema: without style and script."""
    return page[page.index("<body>") : page.rindex("<script>")] + page[page.rindex("</script>") :]


def expected_files() -> dict[Path, str]:
    """The pages of the test's own schema."""
    files = manual_files(load(os.path.relpath(DATA / "main.json")), "test-ref", "1.2")
    return {DATA / "expected.7": files["test-ref.7"], DATA / "expected.html": body(files["test-ref.html"])}


class PagesTest(SchemaTest):
    """Both forms of a page, of a schema with everything in it."""

    def test_pages_are_as_expected(self) -> None:
        self.maxDiff = None
        for path, text in expected_files().items():
            with self.subTest(page=path.name):
                self.assertEqual(text, path.read_text(encoding="utf-8"))

    def test_roff_escapes(self) -> None:
        self.assertEqual(escape("a-b\\n'`\"^~é\u2192"), "a\\-b\\en\\(aq\\(ga\\(dq\\(ha\\(ti\\[u00E9]\\[u2192]")

    def test_html_is_sound(self) -> None:
        for schema in (DATA / "main.json", SCHEMA):
            with self.subTest(schema=schema.name):
                page = Page(manual_files(load(str(schema)), "x", "")["x.html"])
                self.assertEqual(page.faults, [])
                self.assertEqual(len(page.ids), len(set(page.ids)), "ids that occur twice")
                self.assertGreater(len(page.links), 20)
                targets = {link[1:] for link in page.links if link.startswith("#")}
                self.assertEqual(targets - set(page.ids), set())
                self.assertEqual([link for link in page.links if not re.match("#|https?://", link)], [])

    def test_man_page_is_clean(self) -> None:
        mandoc = shutil.which("mandoc")
        if not mandoc:
            self.skipTest("mandoc is not installed")
        for schema in (DATA / "main.json", SCHEMA):
            path = self.dir / "iothreadd-test-ref.7"
            stem = str(path.with_suffix(""))
            path.write_text(manual_files(load(str(schema)), stem, "1")[str(path)], encoding="utf-8")
            command = [mandoc, "-T", "lint", "-W", "warning", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said = [line for line in (done.stdout + done.stderr).splitlines() if DATE_WARNING not in line]
            self.assertEqual(said, [], schema.name)


class RealManualTest(unittest.TestCase):
    """The manual of the daemon."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.schema = load(str(SCHEMA))
        files = manual_files(cls.schema, "iothreadd-qmp-ref", "0.1.0")
        cls.man, cls.html = files["iothreadd-qmp-ref.7"], files["iothreadd-qmp-ref.html"]

    def test_everything_is_in_both(self) -> None:
        ids = set(Page(self.html).ids)
        for definition in self.schema.definitions:
            kind = definition.kind if definition.kind in ("command", "event") else "type"
            self.assertIn(f"{kind}-{definition.name}", ids)
            self.assertIn(f'.SS "{definition.kind.capitalize()}: {escape(definition.name)}', self.man)
            for member in definition.members:
                self.assertIn(f"{kind}-{definition.name}.{member.name}", ids)
                self.assertRegex(self.man, rf"(?m)^\\fB{re.escape(escape(member.name))}\\fR")

    def test_no_markup_is_left_over(self) -> None:
        found = re.search(r"`|^\.\. |:: *$|\*\*", "".join(Page(body(self.html)).text), re.MULTILINE)
        self.assertIsNone(found)

    def test_nothing_depends_on_the_surroundings(self) -> None:
        self.assertNotIn(str(ROOT), self.man + self.html)
        self.assertNotRegex(self.html, r'(?:src|href)="(?!#|https?://)|@import|url\(')


class CommandTest(SchemaTest):
    """scripts/qapi-gen --manual."""

    def run_tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(TOOL), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.dir)

    def test_writes_two_pages_and_the_depfile(self) -> None:
        done = self.run_tool("--manual", "out/ref", "--release", "3.4", "--depfile", "ref.d", str(SCHEMA))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertIn('.TH REF 7 "" "iothreadd 3.4"', (self.dir / "out/ref.7").read_text(encoding="utf-8"))
        self.assertIn("3.4", (self.dir / "out/ref.html").read_text(encoding="utf-8"))
        rule = (self.dir / "ref.d").read_text(encoding="utf-8")
        self.assertTrue(rule.startswith("out/ref.7: "))
        parts = TOOL.parent / "qapi"
        pages = SCHEMA.parent / "manual"
        for part in (SCHEMA, pages / "limits.json", pages / "polling.svg", parts / "manual.css", parts / "docs.py"):
            self.assertIn(str(part), rule)

    def test_leaves_unchanged_pages_alone(self) -> None:
        self.run_tool("--manual", "ref", str(SCHEMA))
        pages = [self.dir / "ref.7", self.dir / "ref.html"]
        for page in pages:
            os.utime(page, (1, 1))
        self.assertEqual(self.run_tool("--manual", "ref", str(SCHEMA)).returncode, 0)
        self.assertEqual([page.stat().st_mtime for page in pages], [1, 1])

    def test_an_error_leaves_nothing_behind(self) -> None:
        path = self.write("##\n# = A\n#\n# fine\n#\n# ``open\n##\n")
        done = self.run_tool("--manual", "ref", "--depfile", "ref.d", path)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", f"{path}:6: '``' is not closed\n"))
        self.assertEqual(os.listdir(self.dir), ["t.json"])

    def test_markup_is_not_checked_without_manual(self) -> None:
        self.assertEqual(self.run_tool("--check", self.write("##\n# ``open\n##\n")).returncode, 0)

    def test_wrong_usage(self) -> None:
        schema = str(SCHEMA)
        for arguments in (["--manual", "a", "-o", "b"], ["--manual", "a", "--check"], ["--check", "--release", "1"],
                          ["--manual", "a/"], ["--manual", ""]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_tool(*arguments, schema).returncode, 2)
        self.assertEqual(os.listdir(self.dir), [])

    def test_is_quick(self) -> None:
        start = time.monotonic()
        self.run_tool("--manual", "ref", str(SCHEMA))
        self.assertLess(time.monotonic() - start, 30.0, "takes a fifth of a second on an idle machine")


if __name__ == "__main__":
    if "--update" in sys.argv:
        for golden, content in expected_files().items():
            golden.write_text(content, encoding="utf-8")
        sys.exit()
    unittest.main()
