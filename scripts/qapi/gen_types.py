# SPDX-License-Identifier: Apache-2.0
"""M_types.hpp and M_types.cpp: enums, structs, unions, alternates, arguments and event data."""

from __future__ import annotations

from .containment import Definable, mentioned, uses_any
from .cpp import Cpp, CppFile, arguments_name, comment, literal
from .identifiers import identifier, snake
from .layout import Layout
from .model import EMPTY, AlternateType, EnumType, Member, ObjectType, Type
from .modules import Module


class TypesBackEnd:
    """Writes the types of each module."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp
        self._schema = cpp.schema
        every = [found for module in cpp.modules for found in module.types]
        self.layout = Layout(cpp.schema, every)

    def files(self) -> list[CppFile]:
        """A header for each module that defines something, a source for each that has enums."""
        headers = [self._header(module) for module in self._cpp.modules if module.has_types()]
        enums = [module for module in self._cpp.modules if any(isinstance(found, EnumType) for found in module.types)]
        return headers + [self._source(module) for module in enums]

    def ordered(self, module: Module) -> list[Definable]:
        """The module's types in the order of their definition."""
        mine = {id(found) for found in module.types}
        return [found for found in self.layout.order if id(found) in mine]

    def _header(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_types.hpp", f"The types of {module.name}.")
        file.includes = ["protocol/qmp/qapi_types.hpp", *self._includes(module)]
        file.add("namespace iothreadd::qapi {", "")
        forward = [found for found in self.layout.forward if found in module.types and not isinstance(found, EnumType)]
        if forward:
            file.add(*(f"struct {self._cpp.type_name(found)};" for found in forward), "")
        for found in self.ordered(module):
            self._definition(file, found)
        for found in module.structs():
            self._struct(file, found)
        for event in module.events:
            if event.arguments.name is not None:
                self._wrapper(file, event.name, self._cpp.type_name(event.arguments))
            elif event.arguments is EMPTY:
                file.add(f"struct {arguments_name('event', event.name)} {{}};", "")
        file.add("} // namespace iothreadd::qapi")
        return file

    def _wrapper(self, file: CppFile, event: str, data: str) -> None:
        file.add(f"struct {arguments_name('event', event)} {{", f"    {data} data{{}};", "};", "")

    def _includes(self, module: Module) -> list[str]:
        used: list[Type] = [event.arguments for event in module.events]
        for found in (*module.types, *module.structs()):
            used += mentioned(self._schema, found)
        includes = self._cpp.includes(used, "types", module.name)
        if module.home != module.name:
            includes = sorted({*includes, self._cpp.include(module.home, "types")})
        if any(uses_any(self._schema, found) for found in (*module.types, *module.structs())):
            includes.append("protocol/qmp/json.hpp")
        return includes

    def _definition(self, file: CppFile, found: Definable) -> None:
        if isinstance(found, EnumType):
            self._enum(file, found)
        elif isinstance(found, AlternateType):
            self._alternate(file, found)
        elif found.is_union():
            self._union(file, found)
        else:
            self._struct(file, found)

    def _summary(self, found: Definable) -> list[str]:
        doc = found.definition.doc if found.definition and (not isinstance(found, ObjectType) or found.name) else None
        return comment(doc.summary()) if doc else []

    def _enum(self, file: CppFile, found: EnumType) -> None:
        name = self._cpp.type_name(found)
        values = self._schema.enabled(found.values)
        file.add(*self._summary(found))
        file.add(f"enum class {name} : std::uint16_t {{")
        file.add(*(f"    {identifier(value.name)}," for value in values))
        file.add("};")
        file.add(f"inline constexpr std::array<std::string_view, {len(values)}> {snake(found.name)}_names{{")
        file.add(*(f"    {literal(value.name)}," for value in values))
        file.add("};")
        file.add(f"std::string_view to_string({name} value);")
        file.add(f"std::optional<{name}> {snake(found.name)}_from_string(std::string_view name);", "")

    def _member(self, file: CppFile, owner: ObjectType, member: Member) -> None:
        spelling = self._cpp.type_name(member.type)
        if self.layout.boxed(owner, member.type):
            spelling = f"Box<{spelling}>"
        if member.optional:
            spelling = f"std::optional<{spelling}>"
        file.add(f"    {spelling} {self._cpp.member_name(member.name)}{{}};")

    def _struct(self, file: CppFile, found: ObjectType) -> None:
        base = f" : {self._cpp.type_name(found.base)}" if found.base else ""
        file.add(*self._summary(found))
        file.add(f"struct {self._cpp.type_name(found)}{base} {{")
        for member in self._schema.enabled(found.own_members):
            self._member(file, found, member)
        file.add("};", "")

    def _union(self, file: CppFile, found: ObjectType) -> None:
        assert found.tag and isinstance(found.tag.type, EnumType)
        tag_type = self._cpp.type_name(found.tag.type)
        accessor = self._cpp.member_name(found.tag.name)
        file.add(*self._summary(found))
        file.add(f"struct {self._cpp.type_name(found)} {{")
        for member in self._schema.enabled(found.members()):
            if member.name != found.tag.name:
                self._member(file, found, member)
        file.add("    std::variant<" + ",\n                 ".join(self.cases(found)) + "> u{};", "")
        file.add(f"    {tag_type} {accessor}() const {{ return static_cast<{tag_type}>(u.index()); }}")
        file.add("};", "")

    def cases(self, found: ObjectType) -> list[str]:
        """The alternatives of a union's variant, in the order of the enum."""
        assert found.tag and isinstance(found.tag.type, EnumType)
        tag_type = self._cpp.type_name(found.tag.type)
        branches = {branch.name: branch for branch in self._schema.enabled(found.branches)}
        spelled = []
        for value in self._schema.enabled(found.tag.type.values):
            tag = f"{tag_type}::{identifier(value.name)}"
            branch = branches.get(value.name)
            if branch is None or branch.type is EMPTY:
                spelled.append(f"Case<{tag}>")
                continue
            inner = self._cpp.type_name(branch.type)
            if self.layout.boxed(found, branch.type):
                inner = f"Box<{inner}>"
            spelled.append(f"Case<{tag}, {inner}>")
        return spelled

    def _alternate(self, file: CppFile, found: AlternateType) -> None:
        spelled = []
        for branch in self._schema.enabled(found.branches):
            inner = self._cpp.type_name(branch.type)
            spelled.append(f"Box<{inner}>" if self.layout.boxed(found, branch.type) else inner)
        file.add(*self._summary(found))
        file.add(f"struct {self._cpp.type_name(found)} {{")
        file.add("    std::variant<" + ", ".join(spelled) + "> u{};", "};", "")

    def _source(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_types.cpp", f"The names of the enums of {module.name}.")
        file.includes = [self._cpp.include(module.name, "types")]
        file.add("namespace iothreadd::qapi {", "")
        for found in module.types:
            if isinstance(found, EnumType):
                self._enum_source(file, found)
        file.add("} // namespace iothreadd::qapi")
        return file

    def _enum_source(self, file: CppFile, found: EnumType) -> None:
        name = self._cpp.type_name(found)
        names = f"{snake(found.name)}_names"
        file.add(f"std::string_view to_string({name} value) {{ return enum_name({names}, value); }}", "")
        file.add(f"std::optional<{name}> {snake(found.name)}_from_string(std::string_view name) {{")
        file.add(f"    return enum_value<{name}>({names}, name);", "}", "")
