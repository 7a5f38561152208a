# SPDX-License-Identifier: Apache-2.0
"""introspection.hpp and .cpp: the answer of query-qmp-schema, computed here once."""

from __future__ import annotations

import json
from collections import deque

from .cpp import Cpp, CppFile, literal
from .definitions import Condition, Feature
from .model import AlternateType, ArrayType, Builtin, Command, EnumType, Event, Member, ObjectType, Schema, Type

_CHUNK = 4000
"""Characters per string literal; the standard promises 65536 for a whole one."""


class Introspection:
    """Collects the entries of SchemaInfo, in the reference's order."""

    def __init__(self, schema: Schema, unmask: bool = False) -> None:
        self._schema = schema
        self._unmask = unmask
        self._names: dict[int, str] = {}
        self._seen: set[str] = set()
        self._queue: deque[Type] = deque()
        self.entries: list[dict] = []
        """Those whose condition holds."""
        self._collect()

    def text(self) -> str:
        """All entries as one JSON text in QMP's output style."""
        return json.dumps(self.entries, separators=(", ", ": "))

    def _collect(self) -> None:
        by_module: dict[str, list[Command | Event]] = {module: [] for module in self._schema.source.modules}
        entities = {entity.name: entity for entity in [*self._schema.commands, *self._schema.events]}
        for definition in self._schema.definitions:
            if definition.name in entities:
                by_module[definition.module].append(entities[definition.name])
        for module in self._schema.source.modules:
            for entity in by_module[module]:
                self._entity(entity)
        while self._queue:
            self._type(self._queue.popleft())

    def _entity(self, entity: Command | Event) -> None:
        kind, arguments = entity.definition.kind, self._use(entity.arguments)
        entry: dict = {"name": entity.name, "meta-type": kind, "arg-type": arguments}
        if isinstance(entity, Command):
            entry["ret-type"] = self._use(entity.returns)
            if "allow-oob" in entity.definition.flags:
                entry["allow-oob"] = True
        self._add(entry, entity.definition.condition, entity.definition.features)

    def _add(self, entry: dict, condition: Condition, features: list[Feature]) -> None:
        self._add_features(entry, features)
        if self._schema.holds(condition):
            self.entries.append(entry)

    def _add_features(self, entry: dict, features: list[Feature]) -> None:
        enabled = self._schema.enabled(features)
        if enabled:
            entry["features"] = [feature.name for feature in enabled]

    def _name(self, found: Type) -> str:
        if isinstance(found, Builtin):
            return found.shown
        if isinstance(found, ArrayType):
            return f"[{self._name(found.element)}]"
        if self._unmask:
            return _real_name(found)
        return self._names.setdefault(id(found), str(len(self._names)))

    def _use(self, found: Type) -> str:
        """The type's name; the first mention queues its entry."""
        name = self._name(found)
        if name not in self._seen:
            self._seen.add(name)
            self._queue.append(found)
        return name

    def _type(self, found: Type) -> None:
        name = self._name(found)
        if isinstance(found, Builtin):
            self._add({"name": name, "meta-type": "builtin", "json-type": found.json_type}, None, [])
        elif isinstance(found, ArrayType):
            element = found.element
            condition = None if isinstance(element, (Builtin, ArrayType)) else _condition(element)
            self._add({"name": name, "meta-type": "array", "element-type": self._use(element)}, condition, [])
        else:
            entry = {"name": name, "meta-type": _META_TYPES[type(found)]}
            if isinstance(found, EnumType):
                self._enum(entry, found)
            elif isinstance(found, AlternateType):
                used = [(self._use(branch.type), branch) for branch in found.branches]
                entry["members"] = [{"type": name} for name, branch in used if self._schema.holds(branch.condition)]
            else:
                self._object(entry, found)
            features = found.definition.features if found.definition and found.name else []
            self._add(entry, _condition(found), features)

    def _enum(self, entry: dict, found: EnumType) -> None:
        members = []
        for value in self._schema.enabled(found.values):
            member: dict = {"name": value.name}
            self._add_features(member, value.features)
            members.append(member)
        entry["members"] = members
        entry["values"] = [member["name"] for member in members]

    def _object(self, entry: dict, found: ObjectType) -> None:
        used = [(self._use(member.type), member) for member in found.members()]
        entry["members"] = [self._member(name, member) for name, member in used if self._schema.holds(member.condition)]
        if found.tag:
            entry["tag"] = found.tag.name
            variants = [(self._use(branch.type), branch) for branch in found.branches]
            entry["variants"] = [
                {"case": branch.name, "type": name}
                for name, branch in variants
                if self._schema.holds(branch.condition)
            ]

    def _member(self, type_name: str, member: Member) -> dict:
        shown: dict = {"name": member.name, "type": type_name}
        if member.optional:
            shown["default"] = None
        self._add_features(shown, member.features)
        return shown


_META_TYPES = {EnumType: "enum", ObjectType: "object", AlternateType: "alternate"}


def _condition(found: EnumType | ObjectType | AlternateType) -> Condition:
    return found.definition.condition if found.definition else None


def _real_name(found: EnumType | ObjectType | AlternateType) -> str:
    if found.name:
        return found.name
    return f"q_obj_{found.definition.name}-arg" if found.definition else "q_empty"


class IntrospectionBackEnd:
    """Writes the text as a constant."""

    def __init__(self, cpp: Cpp, unmask: bool) -> None:
        self._cpp = cpp
        self._unmask = unmask

    def files(self) -> list[CppFile]:
        """Header and source."""
        header = CppFile("introspection.hpp", "The answer of query-qmp-schema.", ["<string_view>"])
        header.add("namespace iothreadd {", "")
        header.add("/// JSON text in QMP's output style; lives as long as the program.")
        header.add("std::string_view introspection_json();", "", "} // namespace iothreadd")
        source = CppFile("introspection.cpp", "The answer of query-qmp-schema.")
        source.includes = [f"{self._cpp.prefix}/introspection.hpp"]
        text = Introspection(self._cpp.schema, self._unmask).text()
        source.add("namespace iothreadd {", "namespace {", "constexpr std::string_view kText =")
        chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
        source.add("\n".join(f"    {literal(chunk)}" for chunk in chunks) + ";")
        source.add("} // namespace", "", "std::string_view introspection_json() { return kText; }", "")
        source.add("} // namespace iothreadd")
        return [header, source]
