# SPDX-License-Identifier: Apache-2.0
"""What `help` says about commands and events, from the server's own description of itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from .schema import ANYTHING, Array, Builtin, Enum, Object, Schema, Type

_DEEPEST = 6  # types may contain themselves
_KINDS = {"string": "string", "int": "integer", "number": "number", "boolean": "true|false", "null": "null",
          "value": "any JSON"}
_PHRASE_COLUMNS = 72  # what is longer goes on in the next line

USAGE = """\
COMMAND NAME=VALUE ...         send a command; members of members have dots: addr.type=unix
COMMAND NAME.0=A NAME.1=B      the elements of a list
COMMAND NAME={"any": "JSON"}   a value as JSON
{"execute": "COMMAND", ...}    the whole command as JSON
-o COMMAND ...                 out of band, also exec-oob:COMMAND (if the server offers it)
help [COMMAND|EVENT]           the list of commands, or what one of them takes and returns
exit                           leave, as Ctrl-D does; quit is the server's command that ends the server
TAB completes. Ctrl-C drops the line, or the wait for an answer; the answer is shown when it comes."""


def overview(schema: Schema) -> str:
    """The list of commands and events."""
    commands = [name + ("  (out of band too)" if command.oob else "")
                for name, command in sorted(schema.commands.items())]
    return "\n".join([USAGE, "", "Commands:", *(f"  {name}" for name in commands), "", "Events:",
                      *(f"  {name}" for name in sorted(schema.events))])


def describe(schema: Schema, name: str) -> str | None:
    """What a command takes and returns, or what an event tells; None when the server has neither."""
    if name in schema.commands:
        command = schema.commands[name]
        marks = [*command.features, *(["out of band too"] if command.oob else [])]
        head = f"{name}  ({', '.join(marks)})" if marks else name
        return "\n".join([head, *_body(schema, schema.type(command.arguments), "no arguments"),
                          *_returns(schema, schema.type(command.returns))])
    if name in schema.events:
        return "\n".join([f"{name}  (event)", *_body(schema, schema.type(schema.events[name]), "no data")])
    return None


def suggestion(schema: Schema, name: str) -> str:
    """` (did you mean 'x'?)` for a name that resembles one."""
    close = difflib.get_close_matches(name, [*schema.commands, *schema.events], 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _body(schema: Schema, type_: Type, nothing: str) -> list[str]:
    rows = list(_rows(schema, type_, "", 0)) if isinstance(type_, Object) else []
    if not rows:
        return [f"  {nothing}"]
    width = min(40, max(len(left) for left, right in rows if right))
    lines = []
    for left, right in rows:
        first, *more = _wrapped(right)
        lines.append(f"  {left:{width}}  {first}".rstrip())
        lines += [" " * (width + 4) + text for text in more]
    return lines


def _wrapped(text: str) -> list[str]:
    """A phrase in lines that end where one may stop: after a blank or a bar."""
    lines = [""]
    for piece in re.findall(r"[^ |]*[ |]?", text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > _PHRASE_COLUMNS:
            lines.append("")
        lines[-1] += piece
    return lines


def _rows(schema: Schema, type_: Object, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    """Name and type of each member, optional ones in brackets; those of a variant under the value that chooses it."""
    blanks = "  " * depth
    for member in type_.members:
        name = prefix + member.name
        label = f"{blanks}[{name}]" if member.optional else f"{blanks}{name}"
        below = schema.type(member.type)
        if isinstance(below, Object) and depth < _DEEPEST:
            yield label, "object"
            yield from _rows(schema, below, name + ".", depth + 1)
        else:
            yield label, phrase(schema, below)
    for value, name in type_.variants.items():
        variant = schema.type(name)
        if isinstance(variant, Object) and (variant.members or variant.variants) and depth < _DEEPEST:
            yield f"{blanks}if {prefix}{type_.tag}={value}:", ""
            yield from _rows(schema, variant, prefix, depth + 1)


def _returns(schema: Schema, type_: Type) -> list[str]:
    listed = isinstance(type_, Array)
    inner = schema.type(type_.element) if isinstance(type_, Array) else type_
    if not isinstance(inner, Object):
        return [f"returns {phrase(schema, type_)}"]
    if not inner.members and not inner.variants:
        return []
    rows = _body(schema, inner, "")
    return ["returns a list of:" if listed else "returns:", *rows]


def phrase(schema: Schema, type_: Type) -> str:
    """A type in a few words."""
    if isinstance(type_, Builtin):
        return _KINDS.get(type_.kind, type_.kind)
    if isinstance(type_, Enum):
        return "|".join(type_.values) or "no value"
    if isinstance(type_, Array):
        inner = phrase(schema, schema.type(type_.element)) if schema.type(type_.element) != ANYTHING else "anything"
        return f"list of {inner}"
    if isinstance(type_, Object):
        return "object" + ("" if type_.tag is None else f" (by {type_.tag})")
    return " or ".join(phrase(schema, branch) for branch in schema.branches(type_))
