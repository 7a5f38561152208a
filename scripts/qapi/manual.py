# SPDX-License-Identifier: Apache-2.0
"""The reference manual as a document: chapters with text and entries, whatever it is rendered as."""

from __future__ import annotations

from dataclasses import dataclass, field

from .definitions import Definition
from .entries import EntryBuilder
from .entry import Entry
from .examples import check_chains, collect_examples
from .inline import Span, text
from .markup import Block, Figure, Heading, parse_section
from .model import Schema
from .parser import FreeForm
from .references import References

TITLE = "iothreadd QMP reference"
SUMMARY = "the commands, events and types of iothreadd's monitor protocol"
CONVENTIONS = [
    text("Every command, event and type is described, chapter by chapter.  The first line of a command or event shows "
         "its arguments or data with their types; what may be left out has a "),
    Span("literal", "?"),
    text(" after its name.  In examples, "),
    Span("literal", "..."),
    text(" stands for something left out."),
]
"""What a reader must know to read the rest."""


@dataclass
class Chapter:
    """What comes under one `= Title`; `Heading` in the content is of level 2."""

    title: str
    anchor: str
    content: list[Block | Entry] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        """Its entries in order."""
        return [part for part in self.content if isinstance(part, Entry)]


@dataclass
class Manual:
    """The document; `name` is the page's name, `release` may be empty."""

    name: str
    release: str
    chapters: list[Chapter] = field(default_factory=list)

    def figures(self) -> list[str]:
        """The files that it shows."""
        return [part.file for chapter in self.chapters for part in chapter.content if isinstance(part, Figure)]

    def index(self, *kinds: str) -> list[Entry]:
        """The entries of these kinds in alphabetical order."""
        found = [entry for chapter in self.chapters for entry in chapter.entries() if entry.kind in kinds]
        return sorted(found, key=lambda entry: (entry.name.lower(), entry.name))


def build_manual(schema: Schema, name: str, release: str = "") -> Manual:
    """Parse all documentation of a schema."""
    check_chains(collect_examples(schema))
    builder = _Builder(schema, Manual(name, release))
    for module in schema.source.modules:
        builder.add_module(module)
    return builder.manual


class _Builder:
    """Puts blocks where they belong: under the last `= Title` of their module."""

    def __init__(self, schema: Schema, manual: Manual) -> None:
        self.manual = manual
        self._schema = schema
        self._references = References(schema)
        self._entries = EntryBuilder(schema, self._references)
        self._anchors: set[str] = set()

    def add_module(self, module: str) -> None:
        """The documentation of one file, in source order."""
        parts: list[FreeForm | Definition] = [text for text in self._schema.source.texts if text.module == module]
        parts += [found for found in self._schema.definitions if found.module == module and found.doc]
        chapter: Chapter | None = None
        for part in sorted(parts, key=_line):
            blocks = self._blocks(part)
            for block in blocks:
                if isinstance(block, Heading) and block.level == 1:
                    chapter = self._chapter(block.text)
                    continue
                chapter = chapter or self._chapter(module.rpartition("/")[2].removesuffix(".json"))
                if isinstance(block, Heading):
                    block.anchor = self._anchor(chapter.anchor, block.text)
                chapter.content.append(block)

    def _blocks(self, part: FreeForm | Definition) -> list[Block | Entry]:
        if isinstance(part, Definition):
            return [self._entries.build(part)]
        return [block for section in part.doc.sections for block in parse_section(section, self._references, None)]

    def _chapter(self, title: str) -> Chapter:
        chapter = Chapter(title, self._anchor("chapter", title))
        self.manual.chapters.append(chapter)
        return chapter

    def _anchor(self, prefix: str, title: str) -> str:
        """`prefix-the-title`; a number is appended when there is one already."""
        words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
        plain = "-".join([prefix, *words])
        anchor, number = plain, 1
        while anchor in self._anchors:
            number += 1
            anchor = f"{plain}-{number}"
        self._anchors.add(anchor)
        return anchor


def _line(part: FreeForm | Definition) -> int:
    return part.doc.position.line if part.doc else part.position.line
