# SPDX-License-Identifier: Apache-2.0
"""Tokens to top-level expressions: values, include and pragma directives, documentation blocks."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field

from .docs import Doc, parse_doc
from .errors import Position, SchemaError
from .lexer import LINE_END, Lexer, Token

Value = dict | list | str | bool

_MAX_NESTING = 100
_MAX_INCLUDES = 100
_MAX_FILE_BYTES = 16 << 20
"""No schema is that long; whatever is, was not meant to be one."""
_LIST_PRAGMAS = (
    "command-name-exceptions",
    "command-returns-exceptions",
    "documentation-exceptions",
    "member-name-exceptions",
)


@dataclass
class Pragmas:
    """What the pragma directives said; they hold for the whole schema, the last one wins."""

    doc_required: bool = False
    lists: dict[str, list[str]] = field(default_factory=dict)

    def excepted(self, pragma: str, name: str) -> bool:
        """Whether the list called `pragma` has `name`."""
        return name in self.lists.get(pragma, ())


@dataclass
class Expression:
    """One definition as it was written."""

    value: dict
    position: Position
    module: str
    doc: Doc | None


@dataclass
class FreeForm:
    """A documentation block that belongs to no definition."""

    module: str
    doc: Doc


@dataclass
class Source:
    """Everything read, in order; modules by their first include; files for the depfile."""

    root: str
    expressions: list[Expression] = field(default_factory=list)
    texts: list[FreeForm] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    absolute: set[str] = field(default_factory=set)
    """The same files by absolute path."""
    pragmas: Pragmas = field(default_factory=Pragmas)


def read_schema(root: str) -> Source:
    """Read `root` and whatever it includes."""
    source = Source(root)
    _FileParser(source, root, None, []).parse()
    return source


class _FileParser:
    """Parses one file; includes are parsed by further instances."""

    def __init__(self, source: Source, path: str, included_at: Position | None, open_files: list[str]) -> None:
        self._source = source
        self._path = path
        self._open_files = [*open_files, os.path.abspath(path)]
        self._module = os.path.relpath(os.path.abspath(path), os.path.dirname(os.path.abspath(source.root)))
        self._tokens = iter(Lexer(path, _read(path, included_at)))
        self._token = self._take()
        source.files.append(path)
        source.absolute.add(self._open_files[-1])
        source.modules.append(self._module)

    def _take(self) -> Token:
        return next(self._tokens)

    def _advance(self) -> Token:
        """The current token; the next one becomes current."""
        token = self._token
        if token.kind != "end":
            self._token = self._take()
        return token

    def _expect(self, kind: str, what: str) -> Token:
        if self._token.kind != kind:
            raise SchemaError(self._token.position, f"expected {what}, found {self._token.describe()}")
        return self._advance()

    def parse(self) -> None:
        """Parse the whole file into the source."""
        pending: Doc | None = None
        while self._token.kind != "end":
            if self._token.kind == "doc":
                _reject_unused(pending)
                pending = parse_doc(self._advance())
                if pending.name is None:
                    self._source.texts.append(FreeForm(self._module, pending))
                continue
            position = self._token.position
            value = self._object("expected an object at the top level")
            if "include" in value or "pragma" in value:
                _reject_unused(pending)
                self._directive(value, position)
            else:
                if pending and pending.name is None:
                    raise SchemaError(pending.position, "free-form documentation right before a definition")
                self._source.expressions.append(Expression(value, position, self._module, pending))
            pending = None
        _reject_unused(pending)

    def _object(self, otherwise: str) -> dict:
        if self._token.kind != "{":
            raise SchemaError(self._token.position, f"{otherwise}, found {self._token.describe()}")
        value = self._value()
        assert isinstance(value, dict)
        return value

    def _value(self, depth: int = 0) -> Value:
        token = self._token
        if depth > _MAX_NESTING:
            raise SchemaError(token.position, f"nested more than {_MAX_NESTING} levels deep")
        if token.kind == "{":
            return self._members(depth)
        if token.kind == "[":
            return self._elements(depth)
        if token.kind in ("string", "bool"):
            value = self._advance().value
            assert isinstance(value, (str, bool))
            return value
        raise SchemaError(token.position, f"expected a value, found {token.describe()}")

    def _members(self, depth: int) -> dict:
        self._advance()
        members: dict[str, Value] = {}
        if self._token.kind == "}":
            self._advance()
            return members
        while True:
            position = self._token.position
            key = self._expect("string", "a key in single quotes" if members else "a key in single quotes or '}'").value
            assert isinstance(key, str)
            if key in members:
                raise SchemaError(position, f"duplicate key '{key}'")
            self._expect(":", "':'")
            members[key] = self._value(depth + 1)
            if self._token.kind == "}":
                self._advance()
                return members
            self._expect(",", "',' or '}'")

    def _elements(self, depth: int) -> list:
        self._advance()
        elements: list[Value] = []
        if self._token.kind == "]":
            self._advance()
            return elements
        while True:
            elements.append(self._value(depth + 1))
            if self._token.kind == "]":
                self._advance()
                return elements
            self._expect(",", "',' or ']'")

    def _directive(self, value: dict, position: Position) -> None:
        kind = "include" if "include" in value else "pragma"
        if len(value) > 1:
            raise SchemaError(position, f"'{kind}' must be the only key of its object")
        if kind == "include":
            self._include(value["include"], position)
        else:
            self._pragma(value["pragma"], position)

    def _include(self, name: Value, position: Position) -> None:
        if not isinstance(name, str):
            raise SchemaError(position, "value of 'include' must be a string")
        path = os.path.join(os.path.dirname(self._path), name)
        absolute = os.path.abspath(path)
        if len(self._open_files) > _MAX_INCLUDES:
            raise SchemaError(position, f"files are included more than {_MAX_INCLUDES} levels deep")
        if absolute in self._open_files:
            raise SchemaError(position, f"inclusion cycle: '{name}' is being read already")
        if absolute not in self._source.absolute:
            _FileParser(self._source, path, position, self._open_files).parse()

    def _pragma(self, pragmas: Value, position: Position) -> None:
        if not isinstance(pragmas, dict):
            raise SchemaError(position, "value of 'pragma' must be an object")
        for name, value in pragmas.items():
            if name == "doc-required":
                if not isinstance(value, bool):
                    raise SchemaError(position, "pragma 'doc-required' must be true or false")
                self._source.pragmas.doc_required = value
            elif name in _LIST_PRAGMAS:
                if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                    raise SchemaError(position, f"pragma '{name}' must be an array of strings")
                self._source.pragmas.lists[name] = value
            else:
                raise SchemaError(position, f"unknown pragma '{name}'")


def _reject_unused(doc: Doc | None) -> None:
    if doc and doc.name is not None:
        raise SchemaError(doc.position, f"documentation of '{doc.name}' is not followed by its definition")


def _read(path: str, included_at: Position | None) -> str:
    try:
        data = _bytes(path)
    except OSError as error:
        raise SchemaError(included_at, f"cannot read '{path}': {error.strerror}") from error
    if len(data) > _MAX_FILE_BYTES:
        raise SchemaError(included_at, f"cannot read '{path}': longer than {_MAX_FILE_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(LINE_END.split(data[: error.start].decode("utf-8")))
        raise SchemaError(Position(path, line), "not UTF-8 text") from error


def _bytes(path: str) -> bytes:
    """The contents of a regular file; a FIFO would wait for ever, a device need have no end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read(_MAX_FILE_BYTES + 1)
