# SPDX-License-Identifier: Apache-2.0
"""The server's own description of its commands, events and types, as query-qmp-schema gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import ProtocolError


@dataclass(frozen=True)
class Member:
    """A member of an object type; `type` is the name of its type."""

    name: str
    type: str
    optional: bool = False


@dataclass(frozen=True)
class Builtin:
    """`kind` is string, int, number, boolean, null or value (anything)."""

    kind: str


@dataclass(frozen=True)
class Enum:
    """One of a few words."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """A list; `element` is the name of the type of its elements."""

    element: str


@dataclass(frozen=True)
class Alternate:
    """A value of one of several types."""

    types: tuple[str, ...]


@dataclass(frozen=True)
class Object:
    """An object; the value of the member `tag` chooses the type in `variants` whose members are added."""

    members: tuple[Member, ...] = ()
    tag: str | None = None
    variants: dict[str, str] = field(default_factory=dict)


Type = Builtin | Enum | Array | Alternate | Object
ANYTHING = Builtin("value")


@dataclass(frozen=True)
class Command:
    """A command: the names of the types of its arguments and of what it returns."""

    name: str
    arguments: str
    returns: str
    oob: bool = False
    features: tuple[str, ...] = ()


class Schema:
    """Commands, events (with the name of the type of their data) and types."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.commands: dict[str, Command] = {}
        self.events: dict[str, str] = {}
        self._types: dict[str, Type] = {}
        try:
            for entry in entries:
                self._add(entry)
        except (KeyError, TypeError, AttributeError):
            raise ProtocolError("the server's answer to query-qmp-schema makes no sense") from None

    def type(self, name: str) -> Type:
        """A type by its name; one that is not described may be anything."""
        return self._types.get(name, ANYTHING)

    def arguments(self, command: str) -> Type:
        """The type of a command's arguments; that of an unknown command may be anything."""
        known = self.commands.get(command)
        return self.type(known.arguments) if known else ANYTHING

    def members(self, type_: Object, given: Callable[[str], str | None]) -> Iterator[Member]:
        """The members of an object; `given` tells what its tag is. Without that: of all variants, each name once."""
        yield from type_.members
        tag_value = given(type_.tag) if type_.tag is not None else None
        if tag_value is not None:
            chosen = [type_.variants[tag_value]] if tag_value in type_.variants else []
        else:
            chosen = list(type_.variants.values())
        seen = {member.name for member in type_.members}
        for name in chosen:
            variant = self.type(name)
            for member in self.members(variant, given) if isinstance(variant, Object) else ():
                if member.name not in seen:
                    seen.add(member.name)
                    yield member

    def branches(self, type_: Type) -> list[Type]:
        """The types that a value may have: those of an alternate, or the one."""
        if not isinstance(type_, Alternate):
            return [type_]
        return [branch for name in type_.types for branch in self.branches(self.type(name))]

    def _add(self, entry: dict[str, Any]) -> None:
        name, meta = entry["name"], entry["meta-type"]
        if meta == "command":
            self.commands[name] = Command(name, entry["arg-type"], entry["ret-type"], bool(entry.get("allow-oob")),
                                          tuple(entry.get("features", ())))
        elif meta == "event":
            self.events[name] = entry["arg-type"]
        else:
            self._types[name] = _type(meta, entry)


def _type(meta: str, entry: dict[str, Any]) -> Type:
    if meta == "builtin":
        return Builtin(entry["json-type"])
    if meta == "enum":
        values = [member["name"] for member in entry["members"]] if "members" in entry else entry["values"]
        return Enum(tuple(values))
    if meta == "array":
        return Array(entry["element-type"])
    if meta == "alternate":
        return Alternate(tuple(member["type"] for member in entry["members"]))
    if meta == "object":
        members = tuple(Member(member["name"], member["type"], "default" in member) for member in entry["members"])
        variants = {variant["case"]: variant["type"] for variant in entry.get("variants", ())}
        return Object(members, entry.get("tag"), variants)
    return ANYTHING
