# SPDX-License-Identifier: Apache-2.0
"""The markup of documentation: paragraphs, lists, tables, headings, literal blocks, notes, figures, examples.

A small part of reStructuredText. What looks like another part of it is an error, so that no text is shown by accident
in another form than its author meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .definitions import Definition
from .docs import Section, dedented, indentation
from .errors import Position, SchemaError
from .examples import Example, parse_example
from .figures import FigureError, read_figure
from .inline import InlineParser, Span
from .lexer import DocLine
from .references import References


@dataclass
class Paragraph:
    """Running text."""

    spans: list[Span]


@dataclass
class ListBlock:
    """A bullet list or a numbered one."""

    ordered: bool
    items: list[list[Block]]


@dataclass
class LiteralBlock:
    """Text shown as it is."""

    text: str


@dataclass
class ExampleBlock:
    """What a client sends and what it gets; `after` are the definitions whose examples come before it."""

    example: Example
    after: list[Span]


@dataclass
class Note:
    """A remark set off from the text."""

    blocks: list[Block]


@dataclass
class Figure:
    """An image from a file beside the page, in free-form documentation only; `svg` is what the file shows."""

    file: str
    svg: str
    caption: list[Span]


@dataclass
class Heading:
    """`= Title` (level 1) or `== Title` (level 2); in free-form documentation only."""

    level: int
    text: str
    anchor: str = ""


@dataclass
class Table:
    """Cells are running text; `header` may be empty."""

    header: list[list[Span]]
    rows: list[list[list[Span]]]


Block = Paragraph | ListBlock | LiteralBlock | ExampleBlock | Note | Figure | Heading | Table

_DIRECTIVE = re.compile(r"\.\. ([\w-]+)::(?: +(.*))?$")
_ITEM = re.compile(r"(?:(?P<bullet>[-*])|(?P<number>\d+|#)\.)(?: +|$)")
_HEADING = re.compile(r"(={1,2}) (\S.*)$")
_BORDER = re.compile(r"=+(?: +=+)+$")
_UNKNOWN = (
    (re.compile(r"\.\.(?: |$)"), "a directive that does not exist, or a comment"),
    (re.compile(r"([!-/:-@\[-`{-~])\1{2,}$"), "the line of a heading: headings are '= Title'"),
    (re.compile(r":[\w-]+:(?: |$)"), "a field list"),
    (re.compile(r"\| "), "a line block"),
    (re.compile(r">>> "), "a doctest block"),
    (re.compile(r"\+[-=]+\+"), "a grid table"),
    (re.compile(r"={3,} "), "a heading of a level that does not exist"),
    (re.compile(r"__ "), "a target"),
)


def parse_section(section: Section, references: References, scope: Definition | None) -> list[Block]:
    """The blocks of one section of a documentation block; `scope` is the definition it belongs to."""
    context = Context(references, section.position.file, scope)
    return _BlockParser(context, section.content()).parse()


@dataclass(frozen=True)
class Context:
    """What is the same for all blocks of a section."""

    references: References
    file: str
    scope: Definition | None

    def inline(self, lines: list[DocLine]) -> list[Span]:
        """Running text."""
        return InlineParser(self.references, self.file, self.scope).parse(lines)


class _BlockParser:
    """Walks over lines whose own margin is 0."""

    def __init__(self, context: Context, lines: list[DocLine], nested: bool = False) -> None:
        self._context = context
        self._lines = lines
        self._nested = nested
        self._index = 0

    def _line(self) -> str | None:
        return self._lines[self._index].text if self._index < len(self._lines) else None

    def _fail(self, message: str, index: int | None = None) -> SchemaError:
        line = self._lines[self._index if index is None else index].line
        return SchemaError(Position(self._context.file, line), message)

    def parse(self) -> list[Block]:
        """All blocks."""
        blocks: list[Block] = []
        while (line := self._line()) is not None:
            if not line:
                self._index += 1
            else:
                blocks += self._block(line)
        return blocks

    def _block(self, line: str) -> list[Block]:
        if line[0] == " ":
            raise self._fail("unexpected indentation")
        if match := _DIRECTIVE.match(line):
            return [self._directive(match.group(1), match.group(2) or "")]
        if line == "::":
            return [self._literal()]
        if match := _HEADING.match(line):
            return [self._heading(len(match.group(1)), match.group(2))]
        if _BORDER.match(line):
            return [self._table(line)]
        if match := _ITEM.match(line):
            return [self._list(match)]
        self._reject_unknown(line)
        return self._paragraph()

    def _reject_unknown(self, line: str) -> None:
        for pattern, what in _UNKNOWN:
            if pattern.match(line):
                raise self._fail(f"this looks like {what}")

    def _directive(self, name: str, rest: str) -> Block:
        start = self._index
        if name == "qmp-example":
            if rest:
                raise self._fail("unexpected text after '.. qmp-example::'")
            example = parse_example(self._indented(), Position(self._context.file, self._lines[start].line))
            names = [Span("name", after, self._context.references.definition(after) or "") for after in example.after]
            return ExampleBlock(example, names)
        if name == "figure":
            return self._figure(rest)
        if name != "note":
            raise self._fail(f"unknown directive '{name}'")
        first = [DocLine(self._lines[start].line, rest)]
        blocks = _BlockParser(self._context, first + dedented(self._indented()), nested=True).parse()
        if not blocks:
            raise self._fail("note without text", start)
        return Note(blocks)

    def _figure(self, name: str) -> Figure:
        """The file's name, and below it the caption: one paragraph."""
        if self._context.scope or self._nested:
            raise self._fail("a figure is only possible in free-form documentation")
        if not re.fullmatch(r"[\w-]+\.svg", name):
            raise self._fail("'.. figure::' needs the name of an SVG file in the same directory")
        path = Path(self._context.file).parent / name
        try:
            svg = read_figure(path)
        except FigureError as error:
            raise self._fail(f"figure '{name}': {error}") from error
        start = self._index
        caption = [line for line in dedented(self._indented()) if line.text]
        if not caption:
            raise self._fail("figure without caption", start)
        return Figure(str(path), svg, self._context.inline(caption))

    def _indented(self) -> list[DocLine]:
        """The lines after the current one that are indented."""
        self._index += 1
        start = self._index
        while (line := self._line()) is not None and (not line or line[0] == " "):
            self._index += 1
        return self._lines[start : self._index]

    def _literal(self) -> LiteralBlock:
        start = self._index
        lines = dedented(self._indented())
        content = "\n".join(line.text for line in lines).strip("\n")
        if not content:
            raise self._fail("'::' without an indented block", start)
        return LiteralBlock(content)

    def _heading(self, level: int, title: str) -> Heading:
        if self._context.scope or self._nested:
            raise self._fail("a heading is only possible in free-form documentation")
        if self._index and self._lines[self._index - 1].text:
            raise self._fail("a blank line is needed before a heading")
        self._index += 1
        if self._line():
            raise self._fail("a blank line is needed after a heading")
        return Heading(level, title)

    def _paragraph(self) -> list[Block]:
        start = self._index
        while line := self._line():
            if line[0] == " ":
                raise self._fail("unexpected indentation")
            if self._index > start:
                self._reject_in_paragraph(line)
            self._index += 1
        lines = self._lines[start : self._index]
        last = lines[-1]
        if not last.text.endswith("::"):
            return [Paragraph(self._context.inline(lines))]
        shown = last.text[:-2].rstrip() if last.text.endswith(" ::") else last.text[:-1]
        paragraph = Paragraph(self._context.inline([*lines[:-1], DocLine(last.line, shown)]))
        self._index -= 1
        return [paragraph, self._literal()]

    def _reject_in_paragraph(self, line: str) -> None:
        if _ITEM.match(line):
            raise self._fail("a blank line is needed before a list")
        if _DIRECTIVE.match(line) or _HEADING.match(line) or _BORDER.match(line):
            raise self._fail("a blank line is needed after a paragraph")
        self._reject_unknown(line)

    def _list(self, first: re.Match[str]) -> ListBlock:
        """Items of one kind; each goes on over lines that are indented as its text is."""
        found = ListBlock(first.group("number") is not None, [])
        while (line := self._line()) and (match := _ITEM.match(line)):
            if (match.group("number") is not None) != found.ordered:
                raise self._fail("a list must have items of one kind")
            number = match.group("number")
            if number not in (None, "#", str(len(found.items) + 1)):
                raise self._fail(f"item {len(found.items) + 1} of a list has the number {number}")
            found.items.append(self._item(match.end(), line))
        return found

    def _item(self, width: int, line: str) -> list[Block]:
        start = self._index
        if not line[width:]:
            raise self._fail("list item without text")
        rest = self._indented()
        for offset, other in enumerate(rest, start + 1):
            if other.text and indentation(other) < width:
                raise self._fail(f"the text of this list item is indented by {width} blanks", offset)
        if (after := self._line()) and self._lines[self._index - 1].text and not _ITEM.match(after):
            raise self._fail("a blank line is needed after a list")
        content = [DocLine(other.line, other.text[width:]) for other in self._lines[start : self._index]]
        return _BlockParser(self._context, content, nested=True).parse()

    def _table(self, border: str) -> Table:
        """A simple table: borders of '=' say where the columns are; a header if there are three."""
        start = self._index
        columns = [match.span() for match in re.finditer(r"=+", border)]
        groups: list[list[list[DocLine]]] = [[]]
        while line := self._line():
            if line != border:
                self._row(line, columns, groups[-1])
            elif self._index > start:
                groups.append([])
            self._index += 1
        closed = self._lines[self._index - 1].text == border and len(groups) > 1
        if not closed or len(groups) > 3 or not all(groups[:-1]):
            raise self._fail("a table needs a border above, below, and below its header", start)
        cells = [[[self._context.inline(cell) for cell in row] for row in rows] for rows in self._merged(groups)]
        return Table(cells[0][0] if len(cells) == 2 else [], cells[-1])

    def _row(self, line: str, columns: list[tuple[int, int]], rows: list[list[DocLine]]) -> None:
        """Cut one line into cells; the last column may be longer than its border."""
        if any(line[end:start].strip() for (_, end), (start, _) in zip(columns, columns[1:])):
            raise self._fail("text in the gap between two columns of a table")
        ends = [*(end for _, end in columns[:-1]), len(line)]
        number = self._lines[self._index].line
        rows.append([DocLine(number, line[start:end].strip()) for (start, _), end in zip(columns, ends)])

    def _merged(self, groups: list[list[list[DocLine]]]) -> list[list[list[list[DocLine]]]]:
        """A row with an empty first cell continues the one above."""
        result = []
        for group in groups[:-1]:
            rows: list[list[list[DocLine]]] = []
            for row in group:
                if row[0].text or not rows:
                    rows.append([[cell] for cell in row])
                else:
                    for cells, cell in zip(rows[-1], row):
                        cells += [cell] if cell.text else []
            result.append(rows)
        return result
