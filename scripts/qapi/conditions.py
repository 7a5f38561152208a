# SPDX-License-Identifier: Apache-2.0
"""What is compiled in cannot use what is not; the schema language leaves that to the back ends."""

from __future__ import annotations

from collections.abc import Iterator

from .containment import Definable, mentioned
from .definitions import Definition
from .errors import SchemaError
from .model import EMPTY, AlternateType, ArrayType, Builtin, EnumType, ObjectType, Schema, Type

_MAX_VALUES = 1 << 16
"""Enumerators fit into 16 bits."""


def check_conditions(schema: Schema) -> None:
    """SchemaError at the first definition that holds and needs what the conditions leave out."""
    entities = {entity.name: entity for entity in (*schema.commands, *schema.events)}
    for definition in schema.definitions:
        if not schema.holds(definition.condition):
            continue
        entity = entities.get(definition.name)
        if entity:
            _check_uses(schema, definition, _unfold(schema, entity.arguments))
            _check_uses(schema, definition, _unfold(schema, getattr(entity, "returns", EMPTY)))
        else:
            found = schema.types[definition.name]
            assert isinstance(found, Definable)
            _check_uses(schema, definition, mentioned(schema, found))
            _check_parts(schema, definition, found)


def _unfold(schema: Schema, found: Type) -> Iterator[Definable]:
    """The named types that arguments or a result stand for."""
    element = found.element if isinstance(found, ArrayType) else found
    if isinstance(element, ObjectType) and element.name is None:
        yield from mentioned(schema, element)
    elif not isinstance(element, (Builtin, ArrayType)):
        yield element


def _check_uses(schema: Schema, definition: Definition, used: Iterator[Definable]) -> None:
    for found in used:
        if found.definition and not schema.holds(found.definition.condition):
            what = f"{definition.kind} '{definition.name}'"
            raise SchemaError(definition.position, f"{what} uses type '{found.name}', whose 'if' does not hold")


def _check_parts(schema: Schema, definition: Definition, found: Definable) -> None:
    what = f"{definition.kind} '{definition.name}'"
    if isinstance(found, EnumType) and len(schema.enabled(found.values)) > _MAX_VALUES:
        raise SchemaError(definition.position, f"{what} has more than {_MAX_VALUES} values")
    if isinstance(found, AlternateType) and not schema.enabled(found.branches):
        raise SchemaError(definition.position, f"{what} has no branch whose 'if' holds")
    if isinstance(found, ObjectType) and found.tag:
        assert isinstance(found.tag.type, EnumType)
        values = {value.name for value in schema.enabled(found.tag.type.values)}
        if not values:
            raise SchemaError(definition.position, f"discriminator of {what} has no value whose 'if' holds")
        for branch in schema.enabled(found.branches):
            if branch.name not in values:
                message = f"branch '{branch.name}' of {what} is for a value whose 'if' does not hold"
                raise SchemaError(definition.position, message)
