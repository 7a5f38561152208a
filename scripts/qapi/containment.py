# SPDX-License-Identifier: Apache-2.0
"""Which types a type is made of."""

from __future__ import annotations

from collections.abc import Iterator

from .model import EMPTY, AlternateType, ArrayType, Builtin, EnumType, ObjectType, Schema, Type

Definable = EnumType | ObjectType | AlternateType


def parts(schema: Schema, owner: Definable) -> Iterator[Type]:
    """The types of everything `owner` holds by value or in a list; a struct's base is not among them."""
    if isinstance(owner, ObjectType):
        for member in schema.enabled(owner.members() if owner.is_union() else owner.own_members):
            yield member.type
    if isinstance(owner, (ObjectType, AlternateType)):
        for branch in schema.enabled(owner.branches):
            if branch.type is not EMPTY:
                yield branch.type


def contained(schema: Schema, owner: Definable) -> Iterator[Definable]:
    """The generated types that `owner` holds by value, and its base."""
    if isinstance(owner, ObjectType) and owner.base and not owner.is_union():
        yield owner.base
    for part in parts(schema, owner):
        if not isinstance(part, (Builtin, ArrayType)):
            yield part


def mentioned(schema: Schema, owner: Definable) -> Iterator[Definable]:
    """The generated types that `owner` holds in any way."""
    yield from contained(schema, owner)
    for part in parts(schema, owner):
        if isinstance(part, ArrayType) and not isinstance(part.element, (Builtin, ArrayType)):
            yield part.element


def uses_any(schema: Schema, owner: Definable) -> bool:
    """Whether `owner` has a member of the type `any`."""
    return any(is_any(part) for part in parts(schema, owner))


def is_any(found: Type) -> bool:
    """Whether the type is `any` or an array of it."""
    return scalar_name(found) == "any"


def is_size(found: Type) -> bool:
    """Whether values of the type are written with a size suffix in text."""
    return scalar_name(found) == "size"


def scalar_name(found: Type) -> str:
    """The name of a built-in type, or of the elements of an array of it; else empty."""
    element = found.element if isinstance(found, ArrayType) else found
    return element.name if isinstance(element, Builtin) else ""
