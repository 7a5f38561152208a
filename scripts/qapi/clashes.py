# SPDX-License-Identifier: Apache-2.0
"""Different wire names may become one C++ identifier; the schema language allows that, the back ends cannot."""

from __future__ import annotations

from collections.abc import Iterator

from .cpp import Cpp, arguments_name
from .definitions import Definition
from .errors import SchemaError
from .gen_options import ROOT
from .identifiers import identifier, snake
from .model import EMPTY, EnumType, ObjectType


class _Scope:
    """The identifiers of one C++ scope and where each comes from."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.origins: dict[str, str] = {}

    def add(self, name: str, origin: str, definition: Definition) -> None:
        """Take `name`; SchemaError at `definition` when something else has it."""
        other = self.origins.setdefault(name, origin)
        if other != origin:
            raise SchemaError(
                definition.position, f"{other} and {origin} have the same C++ name '{name}' in {self._what}"
            )


def check_identifiers(cpp: Cpp) -> None:
    """SchemaError when two names of one scope become the same identifier."""
    namespace = _Scope("namespace qapi")
    for name, origin, definition in _namespace(cpp):
        namespace.add(name, origin, definition)
    handlers = _Scope("namespace iothreadd")
    members = _Members(cpp)
    for module in cpp.modules:
        for command in module.commands:
            handlers.add(identifier("qmp-" + command.name), f"command '{command.name}'", command.definition)
        for found in (*module.types, *module.structs()):
            if isinstance(found, EnumType):
                _check_enum(cpp, found)
            elif isinstance(found, ObjectType):
                members.check(found)


def _namespace(cpp: Cpp) -> Iterator[tuple[str, str, Definition]]:
    for module in cpp.modules:
        for found in module.types:
            assert found.definition
            origin = f"type '{found.name}'"
            yield cpp.type_name(found), origin, found.definition
            if isinstance(found, EnumType):
                yield f"{snake(found.name)}_names", origin, found.definition
        for command in module.commands:
            if command.arguments is not EMPTY and command.arguments.name is None:
                yield arguments_name("command", command.name), f"command '{command.name}'", command.definition
        for event in module.events:
            yield arguments_name("event", event.name), f"event '{event.name}'", event.definition


def _check_enum(cpp: Cpp, found: EnumType) -> None:
    scope = _Scope(f"enum '{found.name}'")
    for value in cpp.schema.enabled(found.values):
        scope.add(identifier(value.name), f"value '{value.name}'", found.definition)


class _Members:
    """The identifiers of each object type's own members, so that those of a base are made once."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp
        self._own: dict[int, dict[str, str]] = {}

    def check(self, found: ObjectType) -> None:
        """SchemaError when two members, those of the base too, have one identifier."""
        definition = found.definition
        assert definition
        scope = _Scope(f"{definition.kind} '{definition.name}'")
        if found.is_union():
            scope.add("u", "the branches", definition)
        lineage = list(found.lineage())
        if len(lineage) > 1 and not found.is_union() and not self._meets_base(lineage):
            lineage = lineage[:1]
        for part in reversed(lineage):
            for name, origin in self._names(part).items():
                scope.add(name, origin, definition)
        if definition.name == ROOT:
            _check_steps(self._cpp, found)

    def _meets_base(self, lineage: list[ObjectType]) -> bool:
        own = self._names(lineage[0]).keys()
        return not all(own.isdisjoint(self._names(base)) for base in lineage[1:])

    def _names(self, found: ObjectType) -> dict[str, str]:
        """Identifier and origin of each own member; SchemaError when two are equal."""
        if id(found) not in self._own:
            assert found.definition
            scope = _Scope(f"{found.definition.kind} '{found.definition.name}'")
            for member in self._cpp.schema.enabled(found.own_members):
                scope.add(self._cpp.member_name(member.name), f"member '{member.name}'", found.definition)
            self._own[id(found)] = scope.origins
        return self._own[id(found)]


def _check_steps(cpp: Cpp, root: ObjectType) -> None:
    """The functions of the option handler."""
    assert root.definition
    scope = _Scope("class OptionHandler")
    scope.add("help", "the built-in help", root.definition)
    for member in cpp.schema.enabled(root.own_members):
        scope.add(identifier(member.name), f"option '{member.name}'", root.definition)
