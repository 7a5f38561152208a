# SPDX-License-Identifier: Apache-2.0
"""A typed line to its words: `[-o] COMMAND NAME=VALUE ...` or a whole JSON object.

Words are quoted as in a shell. A value that begins with a brace or a bracket may be JSON as it stands, quotes and
blanks included. As in QMP, JSON strings may have single quotes.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from .errors import LineError

MISSING = object()  # no JSON there; null is a value
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_KEY = re.compile(r"([^\s='\"\\{}\[\]]+)=")
_OOB_PREFIX = "exec-oob:"


@dataclass(frozen=True)
class Argument:
    """`path` is the name, cut at its dots; `json` the value if it stood there as JSON without quotes around it."""

    path: tuple[str, ...]
    text: str
    json: Any = MISSING
    fault: str = ""  # why what looks like JSON is none

    @property
    def name(self) -> str:
        """The name as it was typed."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Line:
    """What a line asks for; `arguments` has the words, or the object of a line that is JSON."""

    command: str
    arguments: tuple[Argument, ...] | dict[str, Any] = ()
    oob: bool = False


def parse_line(text: str) -> Line | None:
    """The line; None when there is nothing to do. LineError says what is wrong."""
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    if re.search("[\ud800-\udfff]", text): # how Python shows bytes that are no UTF-8
        raise LineError("this is no UTF-8")
    if text.startswith("{"):
        return _json_line(text)
    oob = False
    if text.startswith(_OOB_PREFIX) or re.match(r"-o(\s|$)", text):
        oob, text = True, re.sub(rf"^({_OOB_PREFIX}|-o)\s*", "", text)
    match = re.match(r"\S+", text)
    if not match:
        raise LineError("which command?")
    arguments = []
    position = match.end()
    while (position := _skip_blanks(text, position)) < len(text):
        argument, position = _argument(text, position)
        arguments.append(argument)
    return Line(match[0], tuple(arguments), oob)


def from_json(text: str) -> Any:
    """A JSON value, with single quotes too; ValueError when it is none."""
    try:
        value, end = _decode(text, 0)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text[end:].strip():
        raise ValueError(f"there is more behind it: {text[end:].strip()[:20]}")
    return value


def _json_line(text: str) -> Line:
    try:
        request = from_json(text)
    except ValueError as error:
        raise LineError(f"this is no JSON: {error}") from None
    unknown = sorted(request.keys() - {"execute", "exec-oob", "arguments", "id"})
    if unknown:
        raise LineError(f"a command has no member '{unknown[0]}'")
    names = [request[key] for key in ("execute", "exec-oob") if key in request]
    arguments = request.get("arguments", {})
    if len(names) != 1 or not isinstance(names[0], str):
        raise LineError("a command has 'execute' or 'exec-oob', with a name")
    if not isinstance(arguments, dict):
        raise LineError("'arguments' must be an object")
    return Line(names[0], arguments, "exec-oob" in request)


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _argument(text: str, position: int) -> tuple[Argument, int]:
    """The argument that begins at `position`, and where it ends."""
    key = _KEY.match(text, position)
    fault = ""
    if key and text[key.end():key.end() + 1] in ("{", "["):
        try:
            value, end = _decode(text, key.end())
            if end == len(text) or text[end].isspace():
                return Argument(_path(key[1]), text[key.end():end], value), end
            fault = f"there is more behind it: {text[end:].split()[0][:20]}"
        except (ValueError, RecursionError) as error:
            fault = str(error)
    word, end = _shell_word(text, position)
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise LineError(f"'{word}' is not NAME=VALUE")
    return Argument(_path(name), value, fault=fault), end


def _path(name: str) -> tuple[str, ...]:
    parts = tuple(name.split("."))
    if not all(parts):
        raise LineError(f"'{name}' is no name: something is missing beside a dot")
    return parts


def _shell_word(text: str, position: int) -> tuple[str, int]:
    lexer = shlex.shlex(text[position:], posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        word = lexer.get_token()
    except ValueError as error:
        raise LineError(str(error)[:1].lower() + str(error)[1:]) from None
    return word or "", position + lexer.instream.tell()


def _decode(text: str, position: int) -> tuple[Any, int]:
    """The JSON value at `position` and its end, with JSON's own strings first."""
    decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique)
    try:
        return decoder.raw_decode(text, position)
    except json.JSONDecodeError as error:
        if "'" not in text:
            raise ValueError(f"{error.msg.lower()} at column {error.pos + 1}") from None
    # Single quotes. Strings get longer by escaped double quotes, so the end has to be found in the text as it was.
    pieces: list[tuple[int, int]] = []
    converted = ""
    last = position
    for match in _STRINGS.finditer(text, position):
        converted += text[last:match.start()]
        converted += match[0] if match[1] is None else _double_quoted(match[1])
        last = match.end()
        pieces.append((len(converted), last))
    converted += text[last:]
    try:
        value, end = decoder.raw_decode(converted, 0)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg.lower()) from None
    base = max((piece for piece in pieces if piece[0] <= end), default=(0, position))
    return value, base[1] + end - base[0]


def _double_quoted(inner: str) -> str:
    def escaped(match: re.Match[str]) -> str:
        return "'" if match[0] == "\\'" else match[0] if match[1] else '\\"'
    return '"' + re.sub(r"\\(.)|\"", escaped, inner, flags=re.DOTALL) + '"'


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found
