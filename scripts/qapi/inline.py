# SPDX-License-Identifier: Apache-2.0
"""Markup inside a paragraph: ``literal``, `Name`, @member, *emphasis*, **strong** and URLs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .definitions import Definition
from .errors import Position, SchemaError
from .lexer import DocLine
from .references import References

_START = re.compile(
    r"(?P<literal>``)|(?P<role>:[\w-]+:`)|(?P<name>`)"
    r"|(?<![^\s'\"(\[{<\-/:])(?:(?P<strong>\*\*)|(?P<emphasis>\*))(?=[^\s'\")\]}>])"
    r"|(?<![\w.@])@(?P<member>[A-Za-z0-9_](?:[\w.-]*\w)?)"
    r"|(?P<url>\b(?:https?|ftp)://[^\s<>`]*[^\s<>`.,;:!?'\")\]])"
    r"|(?P<other>\\|\|\w[^|\n]*\||\b\w+_(?!\w)|\]_(?!\w))"
)
_CLOSING = {"literal": "``", "name": "`", "strong": "**", "emphasis": "*"}


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph. `kind` is 'text', 'literal', 'name', 'member', 'strong', 'emphasis' or 'url';
    `anchor` is what a name or member links to, if anything."""

    kind: str
    text: str
    anchor: str = ""


def text(content: str) -> Span:
    """Plain text."""
    return Span("text", content)


class InlineParser:
    """Parses the lines of one paragraph; `scope` is the definition whose members @name means."""

    def __init__(self, references: References, file: str, scope: Definition | None) -> None:
        self._references = references
        self._file = file
        self._scope = scope
        self._lines: Sequence[DocLine] = ()
        self._text = ""

    def parse(self, lines: Sequence[DocLine]) -> list[Span]:
        """The pieces, line ends turned to blanks."""
        self._lines = lines
        self._text = "\n".join(line.text for line in lines)
        spans: list[Span] = []
        done = 0
        while match := _START.search(self._text, done):
            if match.start() > done:
                spans.append(text(_flat(self._text[done : match.start()])))
            span, done = self._span(match)
            spans.append(span)
        if done < len(self._text):
            spans.append(text(_flat(self._text[done:])))
        return spans

    def _fail(self, offset: int, message: str) -> SchemaError:
        line = self._lines[self._text.count("\n", 0, offset)].line
        return SchemaError(Position(self._file, line), message)

    def _span(self, match: re.Match[str]) -> tuple[Span, int]:
        """What starts at the match, and where it ends."""
        kind, start = match.lastgroup, match.start()
        assert kind
        if kind == "url":
            return Span("url", match.group()), match.end()
        if kind == "member":
            return self._member(match.group("member"), start), match.end()
        if kind == "role":
            raise self._fail(start, f"unknown role '{match.group()[:-1]}'")
        if kind == "other":
            raise self._fail(start, f"'{match.group()}' looks like markup: write it as ``literal``")
        return self._enclosed(kind, match)

    def _enclosed(self, kind: str, match: re.Match[str]) -> tuple[Span, int]:
        mark, start = _CLOSING[kind], match.start()
        end = self._text.find(mark, match.end())
        inner = _flat(self._text[match.end() : end])
        if end < 0:
            raise self._fail(start, f"'{mark}' is not closed")
        if not inner or inner != inner.strip():
            raise self._fail(start, f"nothing, or a blank, right inside '{mark}'")
        after = end + len(mark)
        if re.match(r"[\w`*]", self._text[after : after + 1]):
            raise self._fail(end, f"'{mark}' must be followed by a blank or punctuation")
        if kind == "name":
            return self._name(inner, start), after
        return Span(kind, inner), after

    def _name(self, name: str, start: int) -> Span:
        anchor = self._references.name(name, self._scope)
        if anchor is None:
            raise self._fail(start, f"`{name}` is no definition, member or option: write ``{name}`` if none is meant")
        return Span("name", name, anchor)

    def _member(self, name: str, start: int) -> Span:
        anchor = self._references.member(name, self._scope)
        if anchor is None:
            raise self._fail(start, f"'@{name}' is no member of anything")
        return Span("member", name, anchor)


def _flat(content: str) -> str:
    """On one line, with two blanks after a sentence that ended a line."""
    return re.sub(r"([.!?]\)?)\n(?=[A-Z0-9(])", r"\1  ", content).replace("\n", " ")
