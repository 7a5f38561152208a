# SPDX-License-Identifier: Apache-2.0
"""Which generated files a definition goes to: one set of files for each schema file."""

from __future__ import annotations

from dataclasses import dataclass, field

from .containment import Definable, mentioned
from .errors import Position, SchemaError
from .graph import components
from .identifiers import module_name
from .model import BUILTIN_MODULE, EMPTY, ArrayType, Builtin, Command, Event, ObjectType, Schema


@dataclass
class Module:
    """The definitions of one schema file whose conditions hold."""

    name: str
    home: str
    """The module that has the types: itself, unless modules need each other's types."""
    types: list[Definable] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def structs(self) -> list[ObjectType]:
        """The structs for inline arguments and inline event data."""
        inline = [entity.arguments for entity in (*self.commands, *self.events)]
        return [found for found in inline if found.name is None and found is not EMPTY]

    def has_types(self) -> bool:
        """Whether there is anything for a types header."""
        return bool(self.types or self.events or self.structs() or self.home != self.name)


def collect(schema: Schema) -> list[Module]:
    """The modules in the order of their first include."""
    files = [*schema.source.modules, BUILTIN_MODULE]
    modules = {file: Module(module_name(file), module_name(file)) for file in files}
    _check_names(files, schema.source.root)
    for found in schema.types.values():
        if not isinstance(found, (Builtin, ArrayType)) and found.definition:
            if schema.holds(found.definition.condition):
                modules[found.definition.module].types.append(found)
    for command in schema.commands:
        if schema.holds(command.definition.condition):
            modules[command.definition.module].commands.append(command)
    for event in schema.events:
        if schema.holds(event.definition.condition):
            modules[event.definition.module].events.append(event)
    if not _uses_builtin_module(schema, modules):
        del modules[BUILTIN_MODULE]
    _merge_cycles(schema, modules)
    return list(modules.values())


def _check_names(files: list[str], root: str) -> None:
    seen: dict[str, str] = {}
    for file in files:
        other = seen.setdefault(module_name(file).lower(), file)
        if other != file:
            raise SchemaError(Position(root, 1), f"files '{other}' and '{file}' have the same generated file names")


def _uses_builtin_module(schema: Schema, modules: dict[str, Module]) -> bool:
    qtype = schema.types["QType"]
    for module in modules.values():
        returned = [command.returns for command in module.commands]
        elements = [found.element if isinstance(found, ArrayType) else found for found in returned]
        if any(found is qtype for found in elements):
            return True
        for owner in (*module.types, *module.structs()):
            if any(found is qtype for found in mentioned(schema, owner)):
                return True
    return False


def _merge_cycles(schema: Schema, modules: dict[str, Module]) -> None:
    """Headers that would include each other become one: the first module's, which the others include."""

    def needs(file: str) -> list[str]:
        found = [part for owner in modules[file].types for part in mentioned(schema, owner)]
        return [part.definition.module for part in found if part.definition]

    for group in components(list(modules), needs):
        first, *others = sorted(group, key=list(modules).index)
        for file in others:
            modules[first].types += modules[file].types
            modules[file].types = []
            modules[file].home = modules[first].name
