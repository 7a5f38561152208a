# SPDX-License-Identifier: Apache-2.0
"""The manual as a man page: roff text for groff's man macros, and mandoc."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .entry import Entry, Item, Part
from .inline import Span, text
from .manual import CONVENTIONS, SUMMARY, Chapter, Manual
from .markup import Block, ExampleBlock, Figure, Heading, ListBlock, LiteralBlock, Note, Paragraph, Table

SECTION = "7"
_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
_FONTS = {"strong": "B", "literal": "B", "name": "B", "emphasis": "I", "member": "I", "url": "I"}
_ARROWS = {"client": "->", "server": "<-"}
_ARROWS_EXPLAINED = [
    text("Lines marked "),
    Span("literal", _ARROWS["client"]),
    text(" are what the client sends, those marked "),
    Span("literal", _ARROWS["server"]),
    text(" what the server answers."),
]
_INDENT = 4


def escape(content: str) -> str:
    """Text as roff shows it, character by character."""
    return "".join(_ESCAPES.get(char) or (char if char < "\x7f" else f"\\[u{ord(char):04X}]") for char in content)


def render_man(manual: Manual) -> str:
    """The whole page."""
    return _ManWriter(manual).page()


class _ManWriter:
    """Collects lines; a paragraph macro is only written where there is something above to part from."""

    def __init__(self, manual: Manual) -> None:
        self._manual = manual
        self._lines: list[str] = []
        self._fresh = True

    def page(self) -> str:
        """The text of the page."""
        manual = self._manual
        source = f"iothreadd {manual.release}".strip()
        self._lines.append("'\\\" t")
        self._lines.append(".\\\" Made from the schema by qapi\\-gen; changes belong there.")
        title = escape(manual.name.upper())
        self._lines.append(f'.TH {title} {SECTION} "" "{escape(source)}" "iothreadd manual"')
        self._lines += [".nr HY 0", ".nh", ".ad l"]
        self._head("SH", "NAME")
        self._lines.append(f"{escape(manual.name)} \\- {escape(SUMMARY)}")
        self._description()
        for chapter in manual.chapters:
            self._chapter(chapter)
        self._see_also()
        return "\n".join(self._lines) + "\n"

    def _head(self, macro: str, title: str) -> None:
        self._lines.append(f'.{macro} "{escape(title)}"')
        self._fresh = True

    def _macro(self, line: str) -> None:
        self._lines.append(line)

    def _gap(self, macro: str = ".PP") -> None:
        """Begin a paragraph."""
        if not self._fresh:
            self._lines.append(macro)
        self._fresh = False

    def _text(self, spans: Sequence[Span]) -> None:
        """Running text, one sentence per line."""
        content = "".join(_span(span) for span in spans)
        for sentence in re.split(r"(?<=[.!?])  +|(?<=[.!?]\))  +", content):
            line = sentence.strip()
            if line:
                self._lines.append(_guarded(line))
        self._fresh = False

    def _description(self) -> None:
        self._head("SH", "DESCRIPTION")
        self._text(CONVENTIONS)
        self._gap()
        self._text(_ARROWS_EXPLAINED)
        self._gap()
        self._text([Span("text", "The chapters are:")])
        for chapter in self._manual.chapters:
            self._macro(".IP \\(bu 2")
            self._macro(escape(chapter.title))

    def _see_also(self) -> None:
        self._head("SH", "SEE ALSO")
        self._macro(".BR socat (1)")

    def _chapter(self, chapter: Chapter) -> None:
        self._head("SH", chapter.title.upper())
        for part in chapter.content:
            if isinstance(part, Entry):
                self._entry(part)
            else:
                self._block(part)

    def _entry(self, entry: Entry) -> None:
        since = "since " + "".join(span.text for span in entry.since) if entry.since else ""
        notes = ", ".join([*entry.notes, *([since] if since else [])])
        self._head("SS", f"{entry.title} ({notes})" if notes else entry.title)
        self._text(entry.signature)
        for part in entry.parts:
            self._part(part)
        if entry.used_by:
            self._gap()
            names = [[Span("text", ", " if index else "Used by: "), name] for index, name in enumerate(entry.used_by)]
            self._text([span for spans in names for span in spans])

    def _part(self, part: Part) -> None:
        if not part.title:
            self._blocks(part.blocks)
            return
        self._gap()
        title = f"\\fB{escape(part.title)}:\\fR"
        kind = f" {''.join(_span(span) for span in part.type)}" if part.type else ""
        self._macro(title + kind)
        if part.blocks:
            self._inset(part.blocks)
        for item in part.items:
            self._item(item)
        for pointer in part.pointers:
            self._macro(".IP \\(bu 2")
            self._text(pointer)

    def _inset(self, blocks: Sequence[Block]) -> None:
        self._macro(f".RS {_INDENT}")
        self._fresh = True
        self._blocks(blocks)
        self._macro(".RE")
        self._fresh = False

    def _item(self, item: Item) -> None:
        self._macro(".TP")
        kind = "".join(_span(span) for span in item.type)
        extra = ", ".join([*([kind] if kind else []), *(escape(note) for note in item.notes)])
        self._macro(f"\\fB{escape(item.name)}\\fR" + (f": {extra}" if kind else f" ({extra})" if extra else ""))
        self._hanging(item.blocks)

    def _hanging(self, blocks: Sequence[Block]) -> None:
        """The text beside or below a tag, more blocks indented like it."""
        if not blocks:
            self._macro("\\&")
            return
        if isinstance(blocks[0], Paragraph):
            self._text(blocks[0].spans)
            blocks = blocks[1:]
        else:
            self._macro("\\&")
        if blocks:
            self._macro(".RS")
            self._fresh = False
            self._blocks(blocks)
            self._macro(".RE")
        self._fresh = False

    def _blocks(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._gap()
            self._text(block.spans)
        elif isinstance(block, ListBlock):
            self._list(block)
        elif isinstance(block, LiteralBlock):
            self._verbatim(block.text.split("\n"))
        elif isinstance(block, ExampleBlock):
            self._example(block)
        elif isinstance(block, Note):
            self._gap()
            self._macro("\\fBNote:\\fR")
            self._inset(block.blocks)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, Heading):
            self._head("SS", block.text)
        else:
            self._table(block)

    def _figure(self, block: Figure) -> None:
        """What it shows, and where it can be seen."""
        self._gap()
        self._text([Span("strong", "Figure:"), text(" "), *block.caption])
        self._text([text("It is in "), Span("literal", f"{self._manual.name}.html"), text(".")])

    def _list(self, block: ListBlock) -> None:
        for number, item in enumerate(block.items, 1):
            self._macro(f".IP {number}. 3" if block.ordered else ".IP \\(bu 2")
            self._hanging(item)
        self._fresh = False

    def _verbatim(self, lines: Sequence[str], gap: bool = True) -> None:
        if gap:
            self._gap()
        self._macro(f".RS {_INDENT}")
        self._macro(".EX")
        for line in lines:
            self._macro(_guarded(escape(line)))
        self._macro(".EE")
        self._macro(".RE")
        self._fresh = False

    def _example(self, block: ExampleBlock) -> None:
        self._gap()
        title = f"Example: {block.example.title}" if block.example.title else "Example"
        self._macro(f"\\fI{escape(title)}\\fR")
        if block.after:
            self._macro(".br")
            names = [_span(span) for span in block.after]
            self._macro(f"Continues the example of {_joined(names)}.")
        lines: list[str] = []
        for message in block.example.messages:
            arrow = _ARROWS[message.direction]
            lines += [f"{arrow if not index else '  '} {line}" for index, line in enumerate(message.lines)]
        self._verbatim(lines, gap=False)

    def _table(self, block: Table) -> None:
        """For tbl: the first column as wide as it is, the others filled."""
        self._gap()
        self._macro(".TS")
        columns = ["l"] + ["lx"] * (len(block.rows[0]) - 1)
        if block.header:
            self._macro(" ".join(column.replace("l", "lb") for column in columns))
        self._macro(" ".join(columns) + ".")
        if block.header:
            self._row(block.header)
            self._macro("_")
        for row in block.rows:
            self._row(row)
        self._macro(".TE")
        self._fresh = False

    def _row(self, row: Sequence[Sequence[Span]]) -> None:
        cells = ["".join(_span(span) for span in cell) for cell in row]
        filled = [f"T{{\n{_guarded(cell)}\nT}}" if cell else "" for cell in cells[1:]]
        self._macro("\t".join([_guarded(cells[0]), *filled]))


def _guarded(line: str) -> str:
    """A line that roff does not take for a request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _span(span: Span) -> str:
    font = _FONTS.get(span.kind)
    return f"\\f{font}{escape(span.text)}\\fR" if font else escape(span.text)
