# SPDX-License-Identifier: Apache-2.0
"""The schema with names resolved: types, commands and events, ready for the back ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from .definitions import Condition, Definition, EnumValue, Feature
from .errors import Position
from .parser import Pragmas, Source


@dataclass(frozen=True)
class Builtin:
    """A built-in type: its introspection name and JSON type."""

    name: str
    shown: str
    json_type: str


_INTEGERS = ("int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "size")
BUILTINS = {
    "str": Builtin("str", "str", "string"),
    "number": Builtin("number", "number", "number"),
    **{name: Builtin(name, "int", "int") for name in _INTEGERS},
    "bool": Builtin("bool", "bool", "boolean"),
    "null": Builtin("null", "null", "null"),
    "any": Builtin("any", "any", "value"),
}
BUILTIN_MODULE = "./qapi-builtin.json"
"""The module of QType, the predefined enum; no file's module starts with './'."""


@dataclass(eq=False)
class EnumType:
    """An enum."""

    definition: Definition

    @property
    def name(self) -> str:
        """The schema's name."""
        return self.definition.name

    @property
    def values(self) -> list[EnumValue]:
        """All values in order, conditional ones too."""
        return self.definition.values


@dataclass
class Member:
    """A member of an object type."""

    name: str
    type: Type
    optional: bool
    condition: Condition
    features: list[Feature]


@dataclass
class Branch:
    """A branch of a union or alternate; `explicit` is False for an enum value nobody mentioned."""

    name: str
    type: Type
    condition: Condition
    explicit: bool = True


@dataclass(eq=False)
class ObjectType:
    """A struct, a union, or the implicit type of inline arguments; `name` is None for the latter."""

    name: str | None
    definition: Definition | None
    base: ObjectType | None = None
    own_members: list[Member] = field(default_factory=list)
    tag: Member | None = None
    branches: list[Branch] = field(default_factory=list)
    own_keys: dict[str, str] = field(default_factory=dict)
    """The own members by what may not clash."""

    def lineage(self) -> Iterator[ObjectType]:
        """This type, its base, the base of that, and so on."""
        found: ObjectType | None = self
        while found:
            yield found
            found = found.base

    def members(self) -> Iterator[Member]:
        """The common members, base first."""
        for found in reversed(list(self.lineage())):
            yield from found.own_members

    def is_union(self) -> bool:
        """Whether it has branches."""
        return self.tag is not None


@dataclass(eq=False)
class AlternateType:
    """An alternate."""

    definition: Definition
    branches: list[Branch] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The schema's name."""
        return self.definition.name


@dataclass(eq=False)
class ArrayType:
    """An array of `element`."""

    element: Type


Type = Builtin | EnumType | ObjectType | AlternateType | ArrayType
EMPTY = ObjectType(None, None)
"""The empty object: arguments or results that are not there."""


@dataclass
class Command:
    """A command; `returns` is EMPTY when it returns nothing."""

    definition: Definition
    arguments: ObjectType
    returns: Type

    @property
    def name(self) -> str:
        """The schema's name."""
        return self.definition.name


@dataclass
class Event:
    """An event."""

    definition: Definition
    arguments: ObjectType

    @property
    def name(self) -> str:
        """The schema's name."""
        return self.definition.name


def qtype() -> EnumType:
    """The predefined enum."""
    values = ("none", "qnull", "qnum", "qstring", "qdict", "qlist", "qbool")
    definition = Definition("enum", "QType", Position("built-in", 1), BUILTIN_MODULE, None)
    definition.values = [EnumValue(name) for name in values]
    return EnumType(definition)


Conditional = TypeVar("Conditional", EnumValue, Member, Branch, Feature)


@dataclass
class Schema:
    """The whole schema. Types, commands and events are in definition order, module by module."""

    source: Source
    definitions: list[Definition]
    types: dict[str, Type] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    defined: frozenset[str] = frozenset()

    @property
    def pragmas(self) -> Pragmas:
        """The pragmas, as the last ones left them."""
        return self.source.pragmas

    def holds(self, condition: Condition) -> bool:
        """Whether `condition` holds with the symbols given by --define."""
        if condition is None:
            return True
        if isinstance(condition, str):
            return condition in self.defined
        operator, operands = next(iter(condition.items()))
        if operator == "not":
            return not self.holds(operands)
        return (all if operator == "all" else any)(self.holds(operand) for operand in operands)

    def enabled(self, items: Iterable[Conditional]) -> list[Conditional]:
        """Those whose condition holds."""
        return [item for item in items if self.holds(item.condition)]
