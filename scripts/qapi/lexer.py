# SPDX-License-Identifier: Apache-2.0
"""Schema text to tokens: brackets, colon, comma, strings, true, false, and documentation blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import Position, SchemaError

PUNCTUATION = "{}[]:,"
WORDS = {"true": True, "false": False}
_WORD = re.compile(r"[^\s{}\[\]:,'#]+")
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class DocLine:
    """One line of a documentation block without its `# `."""

    line: int
    text: str


@dataclass(frozen=True)
class Token:
    """`kind` is a punctuation character, 'string', 'bool', 'doc' or 'end'."""

    kind: str
    value: str | bool | list[DocLine] | None
    position: Position

    def describe(self) -> str:
        """The token as an error message names it."""
        if self.kind == "end":
            return "end of file"
        if self.kind == "doc":
            return "a documentation block"
        if self.kind == "string":
            return f"string '{self.value}'"
        if self.kind == "bool":
            return "true" if self.value else "false"
        return f"'{self.kind}'"


class Lexer:
    """Iterates over the tokens of one file; the last one is 'end'."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = LINE_END.split(text)
        if len(self._lines) > 1 and not self._lines[-1]:
            self._lines.pop()
        self._row = 0
        self._column = 0

    def __iter__(self) -> Iterator[Token]:
        while self._row < len(self._lines):
            yield from self._line()
            self._row += 1
            self._column = 0
        yield Token("end", None, Position(self._file, max(1, len(self._lines))))

    def _here(self) -> Position:
        return Position(self._file, self._row + 1)

    def _fail(self, message: str) -> SchemaError:
        return SchemaError(self._here(), message)

    def _line(self) -> Iterator[Token]:
        line = self._lines[self._row]
        while self._column < len(line):
            char = line[self._column]
            if char.isspace():
                self._column += 1
            elif char == "#":
                yield from self._comment(line)
                return
            elif char in PUNCTUATION:
                self._column += 1
                yield Token(char, char, self._here())
            elif char == "'":
                yield self._string(line)
            else:
                yield self._word(line)

    def _string(self, line: str) -> Token:
        text = []
        index = self._column + 1
        while True:
            if index >= len(line):
                raise self._fail("string is not closed on its line")
            char = line[index]
            if char == "'":
                break
            if char == "\\":
                index += 1
                if line[index : index + 1] != "\\":
                    raise self._fail(f"unknown escape '\\{line[index:index + 1]}': only '\\\\' is one")
            elif not " " <= char <= "~":
                raise self._fail(f"character {char!a} in a string: only printable ASCII is allowed")
            text.append(char)
            index += 1
        self._column = index + 1
        return Token("string", "".join(text), self._here())

    def _word(self, line: str) -> Token:
        match = _WORD.match(line, self._column)
        word = match.group() if match else line[self._column]
        if word not in WORDS:
            raise self._fail(f"stray {word!a}")
        self._column += len(word)
        return Token("bool", WORDS[word], self._here())

    def _comment(self, line: str) -> Iterator[Token]:
        text = line[self._column :]
        if not text.startswith("##"):
            return
        if text != "##":
            raise self._fail("junk after '##': a line that is exactly '##' opens a documentation block")
        yield self._block()

    def _block(self) -> Token:
        """The lines up to the closing `##`, which becomes the current line."""
        start = self._here()
        lines: list[DocLine] = []
        self._row += 1
        while self._row < len(self._lines):
            text = self._lines[self._row].lstrip()
            if text == "##":
                return Token("doc", lines, start)
            if text:
                lines.append(self._block_line(text))
            self._row += 1
        self._row = len(self._lines) - 1
        raise self._fail("documentation block is not closed with '##'")

    def _block_line(self, text: str) -> DocLine:
        if not text.startswith("#"):
            raise self._fail("documentation block is not closed with '##'")
        if text.startswith("##"):
            raise self._fail("junk after '##'")
        text = text.rstrip()
        if len(text) > 1 and text[1] != " ":
            raise self._fail("one blank is needed after '#' in a documentation block")
        return DocLine(self._row + 1, text[2:])
