# SPDX-License-Identifier: Apache-2.0
"""From definitions to the model: type names are looked up, unions completed, everything checked in between."""

from __future__ import annotations

from collections.abc import Iterator

from . import checks, doc_checks
from .definitions import Definition, MemberShape
from .errors import SchemaError
from .graph import components
from .model import (
    BUILTINS,
    EMPTY,
    AlternateType,
    ArrayType,
    Branch,
    Command,
    EnumType,
    Event,
    Member,
    ObjectType,
    Schema,
    Type,
    qtype,
)
from .parser import Source


def build_schema(source: Source, definitions: list[Definition], defined: frozenset[str]) -> Schema:
    """Resolve and check; SchemaError at the first fault."""
    schema = Schema(source, definitions, defined=defined)
    schema.types.update(BUILTINS)
    schema.types["QType"] = qtype()
    _Resolver(schema).run()
    for definition in definitions:
        doc_checks.check_excess(definition)
    checks.check_feature_count(definitions)
    return schema


_MAX_LEVELS = 100
"""Of bases and branches inside each other."""


class _Resolver:
    """Fills a Schema, definition by definition, each after those that it is made of."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._definitions: dict[str, Definition] = {}
        self._arrays: dict[str, ArrayType] = {}
        self._levels: dict[str, int] = {}

    def run(self) -> None:
        """Declare every name, then resolve and check."""
        for definition in self._schema.definitions:
            self._declare(definition)
        for group in components(self._schema.definitions, self._made_of):
            definition = group[0]
            if len(group) > 1 or definition in self._made_of(definition):
                raise SchemaError(definition.position, f"{definition.kind} '{definition.name}' contains itself")
            self._check_depth(definition)
            self._complete(definition)

    def _check_depth(self, definition: Definition) -> None:
        level = 1 + max((self._levels[part.name] for part in self._made_of(definition)), default=0)
        if level > _MAX_LEVELS:
            what = f"bases and branches of {definition.kind} '{definition.name}'"
            raise SchemaError(definition.position, f"{what} are nested more than {_MAX_LEVELS} levels deep")
        self._levels[definition.name] = level

    def _declare(self, definition: Definition) -> None:
        name = definition.name
        if name in self._definitions:
            first = self._definitions[name].position
            raise SchemaError(definition.position, f"'{name}' is defined already, at {first}")
        if name in self._schema.types:
            raise SchemaError(definition.position, f"'{name}' is the name of a built-in type")
        self._definitions[name] = definition
        if definition.kind == "enum":
            self._schema.types[name] = EnumType(definition)
        elif definition.kind in ("struct", "union"):
            self._schema.types[name] = ObjectType(name, definition)
        elif definition.kind == "alternate":
            self._schema.types[name] = AlternateType(definition)

    def _made_of(self, definition: Definition) -> Iterator[Definition]:
        """The base, the branches and the arguments, which must be complete first."""
        branches = definition.branches if definition.kind == "union" else []
        for name in (definition.base, definition.data, *(branch.type.name for branch in branches)):
            found = self._definitions.get(name or "")
            if found and found.kind in ("struct", "union"):
                yield found

    def _type(self, definition: Definition, name: str, is_array: bool = False) -> Type:
        found = self._schema.types.get(name)
        if found is None:
            what = f"{definition.kind} '{definition.name}'"
            if name in self._definitions:
                kind = self._definitions[name].kind
                raise SchemaError(definition.position, f"{what} uses {kind} '{name}' as a type")
            raise SchemaError(definition.position, f"{what} uses unknown type '{name}'")
        if not is_array:
            return found
        if name not in self._arrays:
            self._arrays[name] = ArrayType(found)
        return self._arrays[name]

    def _members(self, definition: Definition) -> list[Member]:
        return [
            Member(shape.name, self._shape_type(definition, shape), shape.optional, shape.condition, shape.features)
            for shape in definition.members
        ]

    def _branches(self, definition: Definition) -> list[Branch]:
        return [
            Branch(shape.name, self._shape_type(definition, shape), shape.condition) for shape in definition.branches
        ]

    def _shape_type(self, definition: Definition, shape: MemberShape) -> Type:
        return self._type(definition, shape.type.name, shape.type.is_array)

    def _complete(self, definition: Definition) -> None:
        try:
            getattr(self, f"_{definition.kind}")(definition)
        except ValueError as error:
            raise SchemaError(definition.position, str(error)) from error
        doc_checks.check_missing(definition, self._schema.pragmas)

    def _enum(self, definition: Definition) -> None:
        checks.check_type_features(definition)
        checks.check_enum(definition)

    def _struct(self, definition: Definition) -> None:
        checks.check_type_features(definition)
        found = self._schema.types[definition.name]
        assert isinstance(found, ObjectType)
        self._object(definition, found)

    def _union(self, definition: Definition) -> None:
        checks.check_type_features(definition)
        found = self._schema.types[definition.name]
        assert isinstance(found, ObjectType)
        self._object(definition, found)
        found.branches = self._branches(definition)
        checks.complete_union(found, definition)

    def _object(self, definition: Definition, found: ObjectType) -> None:
        if definition.base:
            base = self._type(definition, definition.base)
            if not isinstance(base, ObjectType) or base.definition is None or base.definition.kind != "struct":
                raise ValueError(f"base '{definition.base}' of {definition.kind} '{definition.name}' is no struct")
            found.base = base
        found.own_members = self._members(definition)
        checks.check_members(found, f"{definition.kind} '{definition.name}'")

    def _alternate(self, definition: Definition) -> None:
        checks.check_type_features(definition)
        found = self._schema.types[definition.name]
        assert isinstance(found, AlternateType)
        found.branches = self._branches(definition)
        checks.check_alternate(found)

    def _command(self, definition: Definition) -> None:
        arguments = self._arguments(definition)
        returns: Type = EMPTY
        if definition.returns:
            returns = self._type(definition, definition.returns.name, definition.returns.is_array)
            checks.check_returns(definition, returns, self._schema.pragmas)
        self._schema.commands.append(Command(definition, arguments, returns))

    def _event(self, definition: Definition) -> None:
        self._schema.events.append(Event(definition, self._arguments(definition)))

    def _arguments(self, definition: Definition) -> ObjectType:
        if definition.data is not None:
            arguments = self._type(definition, definition.data)
        elif definition.members:
            arguments = ObjectType(None, definition, own_members=self._members(definition))
            checks.check_members(arguments, f"{definition.kind} '{definition.name}'")
        else:
            return EMPTY
        if not isinstance(arguments, ObjectType):
            raise ValueError(f"'data' of {definition.kind} '{definition.name}' is no struct or union")
        checks.check_arguments(definition, arguments)
        return arguments
