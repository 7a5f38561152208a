# SPDX-License-Identifier: Apache-2.0
"""What a name in the documentation refers to, and the anchor of it."""

from __future__ import annotations

from collections.abc import Iterator

from .definitions import Definition
from .model import AlternateType, EnumType, ObjectType, Schema, Type

OPTIONS = "CommandLine"
"""The struct whose members are the command line's options."""


def anchor(definition: Definition) -> str:
    """Where the entry of a definition is: command-NAME, event-NAME or type-NAME."""
    kind = definition.kind if definition.kind in ("command", "event") else "type"
    return f"{kind}-{definition.name}"


def member_anchor(definition: Definition, name: str) -> str:
    """Where a member, argument, value or branch is."""
    return f"{anchor(definition)}.{name}"


def feature_anchor(definition: Definition, name: str) -> str:
    """Where a feature is."""
    return f"{anchor(definition)}.feature.{name}"


class References:
    """Looks names up. Definitions without documentation have no entry: they are known, but their anchor is empty."""

    def __init__(self, schema: Schema) -> None:
        self._definitions = {definition.name: definition for definition in schema.definitions}
        self._types = schema.types
        self._arguments = {entity.name: entity.arguments for entity in (*schema.commands, *schema.events)}
        self._scopes: dict[str, dict[str, str]] = {}
        self._parts = {name for definition in schema.definitions for name in _part_names(definition)}

    def definition(self, name: str) -> str | None:
        """The anchor of a definition; None when there is none of that name."""
        found = self._definitions.get(name)
        if found is None:
            return None
        return anchor(found) if found.doc else ""

    def name(self, name: str, scope: Definition | None) -> str | None:
        """The anchor of a definition, option (`--name`), member of a definition (`Type.member`) or member."""
        if name in self._definitions:
            return self.definition(name)
        if name.startswith("--"):
            return self._of(OPTIONS).get(name[2:])
        owner, _, part = name.rpartition(".")
        if owner in self._definitions:
            return self._of(owner).get(part)
        return self.member(name, scope)

    def member(self, name: str, scope: Definition | None) -> str | None:
        """The anchor of a member of `scope`; empty when another definition has one of that name."""
        found = self._of(scope.name).get(name) if scope else None
        return "" if found is None and name in self._parts else found

    def _of(self, name: str) -> dict[str, str]:
        """Everything that can be called a member of a definition, with its anchor."""
        if name not in self._scopes:
            found: dict[str, str] = {}
            for definition in self._contributors(name):
                if definition.doc:
                    for part in definition.doc.described("member"):
                        found.setdefault(part, member_anchor(definition, part))
                    for part in definition.doc.described("feature"):
                        found.setdefault(part, feature_anchor(definition, part))
                for part in _part_names(definition):
                    found.setdefault(part, "")
            self._scopes[name] = found
        return self._scopes[name]

    def _contributors(self, name: str) -> Iterator[Definition]:
        """The definition itself, its bases, the type of its arguments, and its branches, each once."""
        definition = self._definitions.get(name)
        if not definition:
            return
        yield definition
        pending: list[Type] = [self._arguments.get(name) or self._types.get(name)]  # type: ignore[list-item]
        seen = set()
        while pending:
            found = pending.pop(0)
            if not isinstance(found, ObjectType) or id(found) in seen:
                continue
            seen.add(id(found))
            if found.definition and found.definition is not definition:
                yield found.definition
            pending += [*([found.base] if found.base else []), *(branch.type for branch in found.branches)]


def _part_names(definition: Definition) -> Iterator[str]:
    for part in (*definition.values, *definition.members, *definition.branches):
        yield part.name
        yield from (feature.name for feature in getattr(part, "features", ()))
    yield from (feature.name for feature in definition.features)
