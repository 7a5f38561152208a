# SPDX-License-Identifier: Apache-2.0
"""Numbers per IOThread from `query-iothread-stats`, on servers that have it, whatever they are called.

The schema says which: all that is needed is a list of objects with the name of a thread in one of its strings.
"""

from __future__ import annotations

from typing import Any

from .schema import Array, Builtin, Object, Schema

COMMAND = "query-iothread-stats"
_NAME_MEMBERS = ("id", "iothread", "name")
_MAX_DEPTH = 3
Number = int | float


class StatisticsQuery:
    """How to read the answer; `available` is False on a server whose schema has nothing to read."""

    def __init__(self, schema: Schema) -> None:
        self._key = ""
        self.columns: list[str] = []
        command = schema.commands.get(COMMAND)
        if command is None:
            return
        arguments, returns = schema.type(command.arguments), schema.type(command.returns)
        element = schema.type(returns.element) if isinstance(returns, Array) else None
        if not isinstance(arguments, Object) or not isinstance(element, Object):
            return
        if any(not member.optional for member in arguments.members):
            return
        strings = [member.name for member in element.members if schema.type(member.type) == Builtin("string")]
        self._key = next((name for name in _NAME_MEMBERS if name in strings), strings[0] if strings else "")
        if self._key:
            self.columns = _numbers(schema, element, "", 0)

    @property
    def available(self) -> bool:
        """Whether there is anything to ask for."""
        return bool(self.columns)

    def read(self, answer: Any) -> dict[str, dict[str, Number]]:
        """By the name of the thread: the numbers that came, by column."""
        found: dict[str, dict[str, Number]] = {}
        for entry in answer if isinstance(answer, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get(self._key), str):
                values = {column: _at(entry, column) for column in self.columns}
                found[entry[self._key]] = {column: value for column, value in values.items() if value is not None}
        return found


def _numbers(schema: Schema, type_: Object, prefix: str, depth: int) -> list[str]:
    found: list[str] = []
    for member in type_.members:
        inner = schema.type(member.type)
        if inner in (Builtin("int"), Builtin("number")) and member.name != "thread-id":
            found.append(prefix + member.name)
        elif isinstance(inner, Object) and depth < _MAX_DEPTH:
            found += _numbers(schema, inner, f"{prefix}{member.name}.", depth + 1)
    return found


def _at(entry: Any, column: str) -> Number | None:
    for part in column.split("."):
        entry = entry.get(part) if isinstance(entry, dict) else None
    return entry if isinstance(entry, (int, float)) and not isinstance(entry, bool) else None
