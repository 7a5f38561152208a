# SPDX-License-Identifier: Apache-2.0
"""The `.. qmp-example::` blocks of the documentation: what a client sends and what it gets.

    .. qmp-example::
        :title: Delete a thread that is in use
        :runnable:
        :after: object-add block-export-add

        -> { "execute": "object-del", "arguments": { "id": "io0" } }
        <- { "error": { "class": "GenericError", "desc": "object 'io0' is in use..." } }

`:runnable:` promises that a fresh daemon answers like this; `:after:` names the definitions whose first runnable
examples come before it in the same daemon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .docs import Doc
from .errors import Position, SchemaError
from .lexer import DocLine
from .model import Schema
from .patterns import ObjectPattern, Pattern, PatternError, has_omission, parse_pattern

DIRECTIVE = ".. qmp-example::"
_OPTION = re.compile(r":([^:\s]+):(?: +(.*))?$")
_ARROW = re.compile(r"(->|<-)(?: +|$)")
_DIRECTIONS = {"->": "client", "<-": "server"}
_CLIENT = ({"execute", "arguments", "id"}, {"exec-oob", "arguments", "id"})
_SERVER = {
    "QMP": {"QMP"},
    "return": {"return", "id"},
    "error": {"error", "id"},
    "event": {"event", "timestamp", "data", "seq"},
}


@dataclass(frozen=True)
class Message:
    """One message. `direction` is 'client' or 'server'; `lines` are the source's, without arrow and margin."""

    direction: str
    lines: tuple[str, ...]
    position: Position
    pattern: ObjectPattern

    def text(self) -> str:
        """The message as it was written."""
        return "\n".join(self.lines)


@dataclass
class Example:
    """One block; `after` names definitions."""

    position: Position
    title: str = ""
    runnable: bool = False
    after: tuple[str, ...] = ()
    messages: list[Message] = field(default_factory=list)


def parse_example(lines: Sequence[DocLine], position: Position) -> Example:
    """Parse the inside of a block; `position` is where its directive stands."""
    return _ExampleParser(lines, position).parse()


def find_examples(doc: Doc) -> list[Example]:
    """The examples of a documentation block."""
    return [parse_example(lines, position) for position, lines in _blocks(doc)]


def collect_examples(schema: Schema) -> dict[str, list[Example]]:
    """The examples of each definition that has any, in the schema's order; those of free-form texts under ''."""
    found = {definition.name: find_examples(definition.doc) for definition in schema.definitions if definition.doc}
    found[""] = [example for text in schema.source.texts for example in find_examples(text.doc)]
    return {name: examples for name, examples in found.items() if examples}


def first_runnable(examples: Mapping[str, Sequence[Example]], name: str) -> Example | None:
    """The example that `:after: name` means."""
    return next((example for example in examples.get(name, ()) if example.runnable), None)


def check_chains(examples: Mapping[str, Sequence[Example]]) -> None:
    """Each `:after:` must name definitions with a runnable example, and lead to an end."""
    for found in examples.values():
        for example in found:
            chain(examples, example)


def chain(examples: Mapping[str, Sequence[Example]], example: Example) -> list[Example]:
    """The examples to run for this one, in order, itself last."""
    ordered: list[Example] = []
    _append_chain(examples, example, ordered, [])
    return ordered


def _append_chain(
    examples: Mapping[str, Sequence[Example]], example: Example, ordered: list[Example], pending: list[Example]
) -> None:
    for name in example.after:
        before = first_runnable(examples, name)
        if before is None:
            raise SchemaError(example.position, f"':after:' names '{name}', which has no runnable example")
        if before is example or before in pending:
            raise SchemaError(example.position, f"':after:' leads back to this example by way of '{name}'")
        if before not in ordered:
            _append_chain(examples, before, ordered, [*pending, example])
    ordered.append(example)


def _blocks(doc: Doc) -> Iterator[tuple[Position, list[DocLine]]]:
    """Each directive and the lines that are indented more."""
    index = 0
    while index < len(doc.lines):
        first = doc.lines[index]
        index += 1
        if first.text.strip() != DIRECTIVE:
            continue
        start = index
        while index < len(doc.lines) and (not doc.lines[index].text or _indent(doc.lines[index]) > _indent(first)):
            index += 1
        yield Position(doc.position.file, first.line), doc.lines[start:index]


def _indent(line: DocLine) -> int:
    return len(line.text) - len(line.text.lstrip())


class _ExampleParser:
    """Walks over the lines of one block."""

    def __init__(self, lines: Sequence[DocLine], position: Position) -> None:
        self._example = Example(position)
        self._lines = list(lines)
        while self._lines and not self._lines[-1].text.strip():
            self._lines.pop()
        while self._lines and not self._lines[0].text.strip():
            self._lines.pop(0)
        self._margin = _indent(self._lines[0]) if self._lines else 0
        self._index = 0

    def _fail(self, message: str, line: int | None = None) -> SchemaError:
        number = self._lines[self._index].line if line is None else line
        return SchemaError(Position(self._example.position.file, number), message)

    def _current(self) -> str | None:
        """The current line without the margin; None at the end."""
        if self._index == len(self._lines):
            return None
        line = self._lines[self._index]
        if line.text.strip() and _indent(line) < self._margin:
            raise self._fail("less indented than the first line of the example")
        return line.text[self._margin :].rstrip()

    def parse(self) -> Example:
        """The whole block."""
        self._options()
        while (line := self._current()) is not None:
            if not line:
                self._index += 1
            elif _ARROW.match(line):
                self._example.messages.append(self._message(line))
            elif _OPTION.match(line):
                raise self._fail("options must stand before the messages of an example")
            else:
                raise self._fail("text outside the messages of an example: they start with '->' or '<-'")
        if not self._example.messages:
            raise SchemaError(self._example.position, "example without messages")
        return self._example

    def _options(self) -> None:
        seen: dict[str, int] = {}
        while (line := self._current()) and (match := _OPTION.match(line)):
            name, value = match.group(1), (match.group(2) or "").strip()
            if name in seen:
                raise self._fail(f"second ':{name}:' of an example")
            self._option(name, value)
            seen[name] = self._lines[self._index].line
            self._index += 1
        if "after" in seen and not self._example.runnable:
            raise self._fail("':after:' without ':runnable:'", seen["after"])
        if seen and self._current():
            raise self._fail("a blank line is needed between the options and the messages of an example")

    def _option(self, name: str, value: str) -> None:
        if name not in ("title", "runnable", "after"):
            raise self._fail(f"unknown option ':{name}:' of an example")
        if name == "runnable":
            if value:
                raise self._fail("':runnable:' takes no value")
            self._example.runnable = True
            return
        if not value:
            raise self._fail(f"':{name}:' needs a value")
        if name == "title":
            self._example.title = value
            return
        self._example.after = tuple(value.split())
        if len(set(self._example.after)) < len(self._example.after):
            raise self._fail("':after:' names something twice")

    def _message(self, first: str) -> Message:
        arrow = _ARROW.match(first)
        assert arrow
        start = self._lines[self._index]
        lines = [first[arrow.end() :]]
        self._index += 1
        while (line := self._current()) is not None and (not line or line[0] == " "):
            lines.append(line[min(arrow.end(), len(line) - len(line.lstrip())) :])
            self._index += 1
        while lines[-1:] == [""]:
            lines.pop()
        direction = _DIRECTIONS[arrow.group(1)]
        try:
            pattern = _check_envelope(direction, parse_pattern("\n".join(lines)))
            if direction == "client" and self._example.runnable and has_omission(pattern):
                raise PatternError("a runnable example must show all that the client sends")
        except PatternError as error:
            raise self._fail(str(error), start.line + error.line) from None
        return Message(direction, tuple(lines), Position(self._example.position.file, start.line), pattern)


def _check_envelope(direction: str, pattern: Pattern) -> ObjectPattern:
    """A message must look like one, as far as its outermost members go."""
    if not isinstance(pattern, ObjectPattern):
        raise PatternError("a message must be an object")
    names = set(pattern.members)
    if direction == "client":
        kinds = [allowed for allowed in _CLIENT if allowed & names & {"execute", "exec-oob"}]
    else:
        kinds = [allowed for kind, allowed in _SERVER.items() if kind in names]
    if len(kinds) != 1:
        what = "'execute' or 'exec-oob'" if direction == "client" else "'QMP', 'return', 'error' or 'event'"
        raise PatternError(f"a {direction}'s message must have exactly one of {what}")
    for name in pattern.members:
        if name not in kinds[0]:
            raise PatternError(f"a message of this kind has no member '{name}'")
    return pattern
