# SPDX-License-Identifier: Apache-2.0
"""What may stand where the cursor is: commands, names of arguments level by level, and words that a type allows."""

from __future__ import annotations

import re

from .arguments import Node, build_tree, texts, values
from .errors import LineError
from .schema import Array, Object, Schema, Type
from .words import Argument, parse_line

DELIMITERS = " \t\n="  # a candidate replaces what is behind the last of these
OWN_COMMANDS = ("exit", "help")


def complete(schema: Schema, before: str) -> list[str]:
    """Candidates for the word at the end of `before`, the line up to the cursor."""
    start = max(before.rfind(delimiter) for delimiter in DELIMITERS) + 1
    word = before[start:]
    if before.lstrip().startswith("{"):
        return []
    return [candidate for candidate in _candidates(schema, before, before[:start]) if candidate.startswith(word)]


def _candidates(schema: Schema, before: str, rest: str) -> list[str]:
    first = re.fullmatch(r"\s*(?P<oob>(-o\s+|exec-oob:\s*)?)(?P<command>\S*)", before)
    if first:
        return _first_word(schema, first["oob"])
    if re.fullmatch(r"\s*help\s+\S*", before):
        return [*schema.commands, *schema.events]
    value_of = re.search(r"(\S+)=$", rest)
    try:
        line = parse_line(rest[:value_of.start()] if value_of else rest)
        if line is None or isinstance(line.arguments, dict):
            return []
        tree = build_tree(line.arguments)
    except LineError:
        return []
    type_: Type = schema.arguments(line.command)
    if value_of:
        found = _walk(schema, type_, tree, value_of[1].split("."))
        return [value + " " for value in values(schema, found[0])] if found else []
    return _names(schema, type_, tree, before[len(rest):].split(".")[:-1])


def _first_word(schema: Schema, oob: str) -> list[str]:
    commands = [command.name for command in schema.commands.values() if command.oob or not oob]
    if oob == "exec-oob:":  # no blank behind it: both are one word
        return [f"exec-oob:{name} " for name in commands]
    return [name + " " for name in [*commands, *(() if oob else OWN_COMMANDS)]]


def _walk(schema: Schema, type_: Type, tree: Node, path: list[str]) -> tuple[Type, Node] | None:
    """The type that a path leads to, and what has been given below it."""
    for part in path:
        below = tree.get(part, {}) if isinstance(tree, dict) else {}
        next_type: Type | None = None
        for branch in schema.branches(type_):
            if isinstance(branch, Array) and part.isdigit():
                next_type = schema.type(branch.element)
            elif isinstance(branch, Object):
                members = schema.members(branch, texts(tree))
                name = next((member.type for member in members if member.name == part), None)
                next_type = schema.type(name) if name is not None else next_type
        if next_type is None:
            return None
        type_, tree = next_type, below
    return type_, tree


def _names(schema: Schema, type_: Type, tree: Node, path: list[str]) -> list[str]:
    """The names that may follow a path, each with what leads on from there."""
    found = _walk(schema, type_, tree, path)
    if found is None:
        return []
    type_, given = found
    given = {} if isinstance(given, Argument) else given
    prefix = "".join(part + "." for part in path)
    names: list[str] = []
    for branch in schema.branches(type_):
        if isinstance(branch, Array):
            names += _continued(schema, schema.type(branch.element), f"{prefix}{_next_number(given)}", {})
        elif isinstance(branch, Object):
            for member in schema.members(branch, texts(given)):
                node = given.get(member.name)
                if not isinstance(node, Argument):
                    names += _continued(schema, schema.type(member.type), prefix + member.name, node or {})
    return list(dict.fromkeys(names))


def _continued(schema: Schema, type_: Type, name: str, given: Node) -> list[str]:
    """`name=` for a value, `name.` for an object, `name.0=` or `name.0.` for an array."""
    found: list[str] = []
    for branch in schema.branches(type_):
        if isinstance(branch, Object):
            found.append(name + ".")
        elif isinstance(branch, Array):
            number = _next_number(given if isinstance(given, dict) else {})
            found += _continued(schema, schema.type(branch.element), f"{name}.{number}", {})
        elif not given:
            found.append(name + "=")
    return found


def _next_number(given: dict[str, Node]) -> int:
    return max((int(name) + 1 for name in given if name.isdigit()), default=0)
