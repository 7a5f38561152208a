# SPDX-License-Identifier: Apache-2.0
"""Documentation blocks: which text belongs to which member, feature or section."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import Position, SchemaError
from .lexer import DocLine, Token

_MAX_COLUMNS = 70
_AT_NAME = re.compile(r"@([^:]*): *")
_TAG = re.compile(r"(Returns|Errors|Since|TODO|Notes?|Examples?):(?!:) *")
_OLD_TAGS = ("Note", "Notes", "Example", "Examples")
_URL = re.compile(r" *(https?|ftp)://\S*")
_SENTENCE = re.compile(r"(?:\be\.g\.|^ *\d\.|(?P<stop>[.!?])) [A-Z0-9(]")
_LITERAL = ("::", ".. qmp-example::")


@dataclass
class Section:
    """A piece of a definition block. `kind` is 'text', 'member', 'feature' or a tag; `name` is for the middle two."""

    kind: str
    name: str
    position: Position
    lines: list[DocLine] = field(default_factory=list)

    def content(self) -> list[DocLine]:
        """The lines, indentation of continuation lines taken off."""
        if self.kind == "text":
            return self.lines
        return self.lines[:1] + dedented(self.lines[1:])

    def text(self) -> str:
        """The content as one string."""
        return "\n".join(line.text for line in self.content()).strip()


@dataclass
class Doc:
    """One block; `name` is None for free-form text, `lines` are all its lines as they were written."""

    position: Position
    name: str | None = None
    sections: list[Section] = field(default_factory=list)
    lines: list[DocLine] = field(default_factory=list)

    def described(self, kind: str) -> dict[str, Section]:
        """The sections of one kind that have names."""
        return {section.name: section for section in self.sections if section.kind == kind}

    def summary(self) -> str:
        """The first sentence of the overview, on one line, without its full stop."""
        first = self.sections[0] if self.sections else None
        if not first or first.kind != "text":
            return ""
        paragraph = " ".join(line or "\n" for line in first.text().split("\n")).split("\n")[0]
        return paragraph.strip().split(".  ")[0].removesuffix(".")


def indentation(line: DocLine) -> int:
    """How many blanks are in front of the text."""
    return len(line.text) - len(line.text.lstrip())


def dedented(lines: list[DocLine]) -> list[DocLine]:
    """The lines without the indentation that they have in common."""
    margin = min((indentation(line) for line in lines if line.text), default=0)
    return [DocLine(line.line, line.text[margin:]) for line in lines]


def parse_doc(token: Token) -> Doc:
    """Parse the block in `token`."""
    lines = token.value
    assert isinstance(lines, list)
    _check_format(token.position.file, lines)
    return _DocParser(token.position, lines).parse()


def _check_format(file: str, lines: list[DocLine]) -> None:
    """Line length and blanks between sentences, literal blocks apart."""
    opened, literal = False, 0
    for line in lines:
        indent = indentation(line)
        if opened and line.text:
            literal = indent if literal < 0 else literal
            opened = indent >= literal
        if opened:
            continue
        if line.text.strip() in _LITERAL:
            opened, literal = True, -1
        else:
            _check_line(Position(file, line.line), line.text)


def _check_line(position: Position, text: str) -> None:
    if len(text) + 2 > _MAX_COLUMNS and not _URL.fullmatch(text):
        raise SchemaError(position, f"documentation line is longer than {_MAX_COLUMNS} columns")
    if any(match.group("stop") for match in _SENTENCE.finditer(text)):
        raise SchemaError(position, "two blanks are needed between sentences")


class _DocParser:
    """Walks over the lines of one block."""

    def __init__(self, position: Position, lines: list[DocLine]) -> None:
        self._doc = Doc(position, lines=lines)
        self._lines = lines
        self._index = 0
        self._members_over = False

    def _current(self) -> str | None:
        return self._lines[self._index].text if self._index < len(self._lines) else None

    def _here(self) -> Position:
        return Position(self._doc.position.file, self._lines[self._index].line)

    def _fail(self, message: str) -> SchemaError:
        return SchemaError(self._here(), message)

    def parse(self) -> Doc:
        """The whole block."""
        first = self._current()
        if first is None or not first.startswith("@"):
            self._free_form()
            return self._doc
        if first.find(":") != len(first) - 1:
            raise self._fail("a definition's documentation must start with '@NAME:' alone on its line")
        self._doc.name = first[1:-1]
        if not self._doc.name:
            raise self._fail("name is missing after '@'")
        overview = self._section("text", "")
        self._indented(overview)
        overview.lines = dedented(overview.lines)
        if not overview.text():
            self._doc.sections.remove(overview)
        while (line := self._skip_blank()) is not None:
            self._part(line)
        return self._doc

    def _free_form(self) -> None:
        section = Section("text", "", self._doc.position, list(self._lines))
        self._doc.sections.append(section)
        while (line := self._current()) is not None:
            match = _AT_NAME.match(line)
            if match:
                raise self._fail(f"'@{match.group(1)}:' is not allowed in free-form documentation")
            self._index += 1

    def _skip_blank(self) -> str | None:
        while self._current() == "":
            self._index += 1
        return self._current()

    def _section(self, kind: str, name: str, text: str = "") -> Section:
        section = Section(kind, name, self._here(), [DocLine(self._here().line, text)])
        self._doc.sections.append(section)
        self._index += 1
        return section

    def _part(self, line: str) -> None:
        """One run of descriptions, one tagged section or one paragraph."""
        tag = _TAG.match(line)
        if line == "Features:":
            self._features()
        elif _AT_NAME.match(line):
            if self._members_over:
                raise self._fail("description of a member after the descriptions are over")
            self._descriptions("member")
            self._members_over = True
        elif tag:
            if tag.group(1) in _OLD_TAGS:
                raise self._fail(f"section '{tag.group(1)}:' does not exist any more")
            self._indented(self._section(tag.group(1), "", line[tag.end() :]))
            self._members_over = True
        else:
            self._paragraph()

    def _features(self) -> None:
        if self._doc.described("feature"):
            raise self._fail("second 'Features:'")
        position = self._here()
        self._index += 1
        self._skip_blank()
        self._descriptions("feature")
        if not self._doc.described("feature"):
            raise SchemaError(position, "descriptions of features are missing after 'Features:'")
        self._members_over = True

    def _descriptions(self, kind: str) -> None:
        described = set(self._doc.described(kind))
        while (line := self._current()) is not None and (match := _AT_NAME.match(line)):
            name = match.group(1)
            if not name:
                raise self._fail("name is missing after '@'")
            if name in described:
                raise self._fail(f"'{name}' is described twice")
            described.add(name)
            self._indented(self._section(kind, name, line[match.end() :]))

    def _indented(self, section: Section) -> None:
        """Continuation lines: the first sets the indentation; ends at `@name:`, or at less after a blank line."""
        self._blank_into(section)
        line = self._current()
        indent = len(line) - len(line.lstrip()) if line else 0
        if not indent:
            return
        blank = True
        while (line := self._current()) is not None and not _AT_NAME.match(line):
            if line and len(line) - len(line.lstrip()) < indent:
                if not blank:
                    raise self._fail(f"less indented than the {indent} blanks above, without a blank line before it")
                return
            section.lines.append(self._lines[self._index])
            blank = not line
            self._index += 1

    def _blank_into(self, section: Section) -> None:
        while self._current() == "":
            section.lines.append(self._lines[self._index])
            self._index += 1

    def _paragraph(self) -> None:
        """Everything up to the next blank line; paragraphs in a row are one section."""
        last = self._doc.sections[-1] if self._doc.sections else None
        if last is None or last.kind != "text":
            last = Section("text", "", self._here())
            self._doc.sections.append(last)
        else:
            last.lines.append(DocLine(self._here().line - 1, ""))
        while self._current():
            last.lines.append(self._lines[self._index])
            self._index += 1
