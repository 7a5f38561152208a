# SPDX-License-Identifier: Apache-2.0
"""Definitions as they stand in the schema, long forms only, type names not looked up yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from .docs import Doc
from .errors import Position

Condition = str | dict | None


@dataclass(frozen=True)
class TypeReference:
    """A type's name, or an array of it."""

    name: str
    is_array: bool = False

    def __str__(self) -> str:
        return f"['{self.name}']" if self.is_array else f"'{self.name}'"


@dataclass
class Feature:
    """One feature of a definition, member or enum value."""

    name: str
    condition: Condition = None


@dataclass
class EnumValue:
    """One value of an enum."""

    name: str
    condition: Condition = None
    features: list[Feature] = field(default_factory=list)


@dataclass
class MemberShape:
    """One member, argument or branch."""

    name: str
    type: TypeReference
    optional: bool = False
    condition: Condition = None
    features: list[Feature] = field(default_factory=list)


@dataclass(eq=False)
class Definition:
    """One definition; which of the parts are used depends on `kind`."""

    kind: str
    name: str
    position: Position
    module: str
    doc: Doc | None
    condition: Condition = None
    features: list[Feature] = field(default_factory=list)
    values: list[EnumValue] = field(default_factory=list)
    members: list[MemberShape] = field(default_factory=list)
    """Own members, a union's spelled-out base, or spelled-out arguments."""
    branches: list[MemberShape] = field(default_factory=list)
    base: str | None = None
    discriminator: str = ""
    data: str | None = None
    """Arguments given by type name."""
    returns: TypeReference | None = None
    flags: set[str] = field(default_factory=set)
    """The flags that differ from their default: 'boxed', 'gen', 'success-response', ..."""
