# SPDX-License-Identifier: Apache-2.0
"""M_codec.hpp and M_codec.cpp: strict decoding and encoding of every type."""

from __future__ import annotations

from .containment import Definable, is_size, mentioned
from .cpp import Cpp, CppFile, literal
from .gen_types import TypesBackEnd
from .identifiers import identifier, snake
from .model import EMPTY, AlternateType, ArrayType, Builtin, EnumType, Member, ObjectType, Type
from .modules import Module

_ARGUMENTS = "const Path &path, DecodeContext &context"


class CodecBackEnd:
    """Writes decode() and encode() for each module."""

    def __init__(self, cpp: Cpp, types: TypesBackEnd) -> None:
        self._cpp = cpp
        self._schema = cpp.schema
        self._types = types

    def files(self) -> list[CppFile]:
        """A header and a source for each module that defines types."""
        modules = [module for module in self._cpp.modules if module.has_types()]
        return [file for module in modules for file in (self._header(module), self._source(module))]

    def _found(self, module: Module) -> list[Definable]:
        return [*self._types.ordered(module), *module.structs()]

    def _header(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_codec.hpp", f"Decoding and encoding of the types of {module.name}.")
        file.includes = ["protocol/qmp/codec_fwd.hpp", self._cpp.include(module.name, "types")]
        if module.home != module.name:
            file.includes.append(self._cpp.include(module.home, "codec"))
        file.add("namespace iothreadd::qapi {", "")
        for found in self._found(module):
            name = self._cpp.type_name(found)
            if isinstance(found, ObjectType):
                file.add(f"bool decode_members(ObjectReader &reader, {name} &out);")
                file.add(f"void encode_members(ObjectWriter &writer, const {name} &value);")
            file.add(f"bool decode(const Json &in, {name} &out, {_ARGUMENTS});")
            file.add(f"Json encode({self._by_value(found)}value);", "")
        file.add("} // namespace iothreadd::qapi")
        return file

    def _by_value(self, found: Definable) -> str:
        name = self._cpp.type_name(found)
        return f"{name} " if isinstance(found, EnumType) else f"const {name} &"

    def _source(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_codec.cpp", f"Decoding and encoding of the types of {module.name}.")
        file.includes = [self._cpp.include(module.name, "codec"), "protocol/qmp/codec.hpp", *self._uses(module)]
        file.add("namespace iothreadd::qapi {", "")
        for found in self._found(module):
            if isinstance(found, EnumType):
                self._enum(file, found)
            elif isinstance(found, AlternateType):
                self._alternate(file, found)
            else:
                self._object(file, found)
        file.add("} // namespace iothreadd::qapi")
        return file

    def _uses(self, module: Module) -> list[str]:
        used = [part for found in self._found(module) for part in mentioned(self._schema, found)]
        return self._cpp.includes(used, "codec", module.name)

    def _enum(self, file: CppFile, found: EnumType) -> None:
        name = self._cpp.type_name(found)
        file.add(f"bool decode(const Json &in, {name} &out, {_ARGUMENTS}) {{")
        file.add(f"    return decode_enum(in, {snake(found.name)}_names, out, path, context);", "}", "")
        file.add(f"Json encode({name} value) {{ return Json(to_string(value)); }}", "")

    def _object(self, file: CppFile, found: ObjectType) -> None:
        name = self._cpp.type_name(found)
        if found.is_union():
            self._decode_union(file, found)
            self._encode_union(file, found)
        else:
            self._decode_struct(file, found)
            self._encode_struct(file, found)
        file.add(f"bool decode(const Json &in, {name} &out, {_ARGUMENTS}) {{")
        file.add("    return decode_object(in, out, path, context);", "}", "")
        file.add(f"Json encode(const {name} &value) {{ return encode_object(value); }}", "")

    def _read(self, member: Member, target: str) -> str:
        function = ("optional" if member.optional else "required") + ("_size" if is_size(member.type) else "")
        return f"reader.{function}({literal(member.name)}, {target})"

    def _decode_struct(self, file: CppFile, found: ObjectType) -> None:
        steps = []
        if found.base:
            steps.append(f"decode_members(reader, static_cast<{self._cpp.type_name(found.base)} &>(out))")
        members = self._schema.enabled(found.own_members)
        steps += [self._read(member, f"out.{self._cpp.member_name(member.name)}") for member in members]
        unused = "" if steps else "[[maybe_unused]] "
        file.add(f"bool decode_members({unused}ObjectReader &reader, {unused}{self._cpp.type_name(found)} &out) {{")
        file.add("    return " + " &&\n           ".join(steps or ["true"]) + ";", "}", "")

    def _encode_struct(self, file: CppFile, found: ObjectType) -> None:
        lines = []
        if found.base:
            lines.append(f"    encode_members(writer, static_cast<const {self._cpp.type_name(found.base)} &>(value));")
        for member in self._schema.enabled(found.own_members):
            lines.append(f"    writer.put({literal(member.name)}, value.{self._cpp.member_name(member.name)});")
        unused = "" if lines else "[[maybe_unused]] "
        file.add(
            f"void encode_members({unused}ObjectWriter &writer, {unused}const {self._cpp.type_name(found)} &value) {{"
        )
        file.add(*lines, "}", "")

    def _decode_union(self, file: CppFile, found: ObjectType) -> None:
        assert found.tag and isinstance(found.tag.type, EnumType)
        tag_type = self._cpp.type_name(found.tag.type)
        steps = [
            self._read(member, "tag" if member is found.tag else f"out.{self._cpp.member_name(member.name)}")
            for member in self._schema.enabled(found.members())
        ]
        file.add(f"bool decode_members(ObjectReader &reader, {self._cpp.type_name(found)} &out) {{")
        file.add(f"    {tag_type} tag{{}};")
        file.add("    if (!(" + " &&\n          ".join(steps) + "))", "        return false;")
        file.add("    switch (tag) {")
        branches = {branch.name: branch for branch in self._schema.enabled(found.branches)}
        for index, value in enumerate(self._schema.enabled(found.tag.type.values)):
            branch = branches.get(value.name)
            file.add(f"    case {tag_type}::{identifier(value.name)}:")
            if branch is None or branch.type is EMPTY:
                file.add(f"        out.u.emplace<{index}>();", "        return true;")
            else:
                target = self._inner(found, branch.type, f"out.u.emplace<{index}>()")
                file.add(f"        return decode_members(reader, {target});")
        file.add("    }", "    return false;", "}", "")

    def _inner(self, owner: Definable, part: Type, expression: str) -> str:
        return f"*{expression}" if self._types.layout.boxed(owner, part) else expression

    def _encode_union(self, file: CppFile, found: ObjectType) -> None:
        assert found.tag and isinstance(found.tag.type, EnumType)
        tag_type = self._cpp.type_name(found.tag.type)
        file.add(f"void encode_members(ObjectWriter &writer, const {self._cpp.type_name(found)} &value) {{")
        for member in self._schema.enabled(found.members()):
            call = "()" if member.name == found.tag.name else ""
            file.add(f"    writer.put({literal(member.name)}, value.{self._cpp.member_name(member.name)}{call});")
        file.add(f"    switch (value.{self._cpp.member_name(found.tag.name)}()) {{")
        branches = {branch.name: branch for branch in self._schema.enabled(found.branches)}
        for index, value in enumerate(self._schema.enabled(found.tag.type.values)):
            branch = branches.get(value.name)
            file.add(f"    case {tag_type}::{identifier(value.name)}:")
            if branch is not None and branch.type is not EMPTY:
                source = self._inner(found, branch.type, f"std::get<{index}>(value.u)")
                file.add(f"        encode_members(writer, {source});")
            file.add("        break;")
        file.add("    }", "}", "")

    def _alternate(self, file: CppFile, found: AlternateType) -> None:
        name = self._cpp.type_name(found)
        branches = self._schema.enabled(found.branches)
        file.add(f"bool decode(const Json &in, {name} &out, {_ARGUMENTS}) {{")
        file.add("    switch (alternate_kind(in, " + self._claims(found) + ", context)) {")
        for index, branch in enumerate(branches):
            target = self._inner(found, branch.type, f"out.u.emplace<{index}>()")
            file.add(f"    case {index}:")
            if is_size(branch.type):
                file.add(f"        return decode_size(in, {target}, path, context);")
            else:
                file.add(f"        return decode(in, {target}, path, context);")
        file.add("    default:", f"        return context.fail_alternate(path, {literal(found.name)});")
        file.add("    }", "}", "")
        file.add(f"Json encode(const {name} &value) {{", "    switch (value.u.index()) {")
        for index, branch in enumerate(branches):
            source = self._inner(found, branch.type, f"std::get<{index}>(value.u)")
            file.add(f"    case {index}:", f"        return encode({source});")
        file.add("    default:", "        return Json();", "    }", "}", "")

    def _claims(self, found: AlternateType) -> str:
        claims = {"string": -1, "number": -1, "boolean": -1, "null": -1, "object": -1, "array": -1}
        for index, branch in enumerate(self._schema.enabled(found.branches)):
            claims[_json_kind(branch.type)] = index
        return "{" + ", ".join(f".{kind} = {index}" for kind, index in claims.items()) + "}"


def _json_kind(found: Type) -> str:
    if isinstance(found, Builtin):
        return {"int": "number"}.get(found.json_type, found.json_type)
    if isinstance(found, EnumType):
        return "string"
    return "array" if isinstance(found, ArrayType) else "object"
