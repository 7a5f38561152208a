# SPDX-License-Identifier: Apache-2.0
"""Messages as examples show them: JSON in which `...` stands for something left out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

MARK = "..."
_HIDDEN = "\0" + MARK
_TOKEN = re.compile(r'(?P<string>"(?:\\.|[^"\\\n])*")|(?P<mark>\.\.\.)|(?P<blank>\s+)|.')
_CLOSES = {"{": "}", "[": "]"}


class Omission:
    """Any value at all: the type of OMISSION."""

    def __repr__(self) -> str:
        return MARK


OMISSION = Omission()
"""`...` as a value."""


@dataclass(frozen=True)
class Prefix:
    """`"text..."`: a string that starts like this."""

    text: str


@dataclass(frozen=True)
class ObjectPattern:
    """An object; `is_open` when `...` stands for further members."""

    members: dict[str, Pattern]
    is_open: bool = False


@dataclass(frozen=True)
class ArrayPattern:
    """An array; `is_open` when `...` stands for further elements."""

    elements: tuple[Pattern, ...]
    is_open: bool = False


Pattern = None | bool | int | float | str | Prefix | Omission | ObjectPattern | ArrayPattern


class PatternError(ValueError):
    """The text is no pattern; `line` counts from 0 within it."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def parse_pattern(text: str) -> Pattern:
    """Parse one value and nothing behind it."""
    try:
        return _pattern(json.loads(_without_marks(text), object_pairs_hook=_members, parse_constant=_constant))
    except json.JSONDecodeError as error:
        raise PatternError(f"not JSON: {_reason(error.msg)}", error.lineno - 1) from None
    except RecursionError:
        raise PatternError("nested too deeply") from None
    except PatternError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise PatternError(f"not JSON: {error}") from None


def has_omission(pattern: Pattern) -> bool:
    """Whether something is left out anywhere in it."""
    if isinstance(pattern, ObjectPattern):
        return pattern.is_open or any(map(has_omission, pattern.members.values()))
    if isinstance(pattern, ArrayPattern):
        return pattern.is_open or any(map(has_omission, pattern.elements))
    return isinstance(pattern, (Omission, Prefix))


def _without_marks(text: str) -> str:
    """The text with each `...` outside a string replaced by JSON that says the same."""
    parts: list[str] = []
    open_brackets: list[str] = []
    before = closes = ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        if match["blank"]:
            parts.append(token)
            continue
        if closes and token != closes:
            raise PatternError(f"'{MARK}' must be the last thing before '{closes}'", text.count("\n", 0, match.start()))
        closes = ""
        if token in _CLOSES:
            open_brackets.append(token)
        elif token in ("}", "]") and open_brackets:
            open_brackets.pop()
        elif match["mark"]:
            inside = open_brackets[-1] if open_brackets else ""
            closes = "" if before == ":" else _CLOSES.get(inside, "")
            token = json.dumps(_HIDDEN) + (": null" if closes == "}" else "")
        parts.append(token)
        before = token
    return "".join(parts)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise PatternError(f"member '{name}' stands there twice")
        members[name] = value
    return members


def _constant(word: str) -> None:
    raise PatternError(f"not JSON: {word}")


def _reason(message: str) -> str:
    """The JSON reader's message, as ours begin."""
    return message[:1].lower() + message[1:]


def _pattern(value: object) -> Pattern:
    if isinstance(value, dict):
        members = {name: _pattern(member) for name, member in value.items() if name != _HIDDEN}
        return ObjectPattern(members, _HIDDEN in value)
    if isinstance(value, list):
        is_open = value[-1:] == [_HIDDEN]
        return ArrayPattern(tuple(_pattern(element) for element in (value[:-1] if is_open else value)), is_open)
    if value == _HIDDEN:
        return OMISSION
    if isinstance(value, str) and value.endswith(MARK):
        return Prefix(value.removesuffix(MARK))
    assert value is None or isinstance(value, (bool, int, float, str))
    return value
