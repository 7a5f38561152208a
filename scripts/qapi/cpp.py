# SPDX-License-Identifier: Apache-2.0
"""What the C++ back ends share: type spellings, files, string literals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import identifiers, modules
from .model import EMPTY, ArrayType, Builtin, ObjectType, Schema, Type

BUILTIN_TYPES = {
    "str": "std::string",
    "number": "double",
    "int": "std::int64_t",
    "int8": "std::int8_t",
    "int16": "std::int16_t",
    "int32": "std::int32_t",
    "int64": "std::int64_t",
    "uint8": "std::uint8_t",
    "uint16": "std::uint16_t",
    "uint32": "std::uint32_t",
    "uint64": "std::uint64_t",
    "size": "std::uint64_t",
    "bool": "bool",
    "null": "std::nullptr_t",
    "any": "Json",
}


@dataclass
class CppFile:
    """One output file: its name, its includes and its text."""

    name: str
    purpose: str
    includes: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Append lines."""
        self.text.extend(lines)

    def render(self) -> str:
        """The whole file."""
        head = ["// SPDX-License-Identifier: Apache-2.0", "//", f"// {self.purpose} Generated from the QAPI schema."]
        if self.name.endswith(".hpp"):
            head.append("#pragma once")
        head.append("")
        quoted = [f'#include "{name}"' for name in dict.fromkeys(self.includes) if not name.startswith("<")]
        system = [f"#include {name}" for name in dict.fromkeys(self.includes) if name.startswith("<")]
        for group in (quoted, sorted(system)):
            if group:
                head += [*group, ""]
        return "\n".join([*head, *self.text, ""])


class Cpp:
    """Names and spellings for one schema."""

    def __init__(self, schema: Schema, prefix: str) -> None:
        self.schema = schema
        self.prefix = prefix
        """What generated includes start with."""
        self.modules = modules.collect(schema)
        self._homes = {id(found): module.name for module in self.modules for found in module.types}
        self._type_names = {self.type_name(found) for module in self.modules for found in module.types}

    def include(self, module: str, part: str) -> str:
        """The path of a generated header."""
        return f"{self.prefix}/{module}_{part}.hpp"

    def homes(self, found: Iterable[Type]) -> list[str]:
        """The modules whose headers define the types, sorted."""
        elements = (part.element if isinstance(part, ArrayType) else part for part in found)
        return sorted({self._homes[id(part)] for part in elements if id(part) in self._homes})

    def includes(self, found: Iterable[Type], part: str, own: str = "") -> list[str]:
        """The headers of these types, those of the module `own` apart."""
        return [self.include(home, part) for home in self.homes(found) if home != own]

    def type_name(self, found: Type, scope: str = "") -> str:
        """The C++ spelling of a type; generated names start with `scope`."""
        if isinstance(found, Builtin):
            return BUILTIN_TYPES[found.name]
        if isinstance(found, ArrayType):
            return f"std::vector<{self.type_name(found.element, scope)}>"
        if found is EMPTY:
            return f"{scope}Empty"
        if isinstance(found, ObjectType) and found.name is None:
            assert found.definition
            return scope + arguments_name(found.definition.kind, found.definition.name)
        assert found.name
        return scope + identifiers.type_identifier(found.name)

    def member_name(self, name: str) -> str:
        """The identifier of a struct's member; it must not hide a type that later members are made of."""
        text = identifiers.identifier(name)
        if identifiers.is_runtime(text):
            text += "_"
        if text in self._type_names:
            text += "member" if text.endswith("_") else "_"
        return text


def arguments_name(kind: str, name: str) -> str:
    """The struct for the inline arguments of a command or the data of an event."""
    return identifiers.camel(name) + ("Event" if kind == "event" else "Args")


def literal(text: str) -> str:
    """A C++ string literal."""
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif " " <= char <= "~":
            out.append(char)
        else:
            out.append("".join(f"\\{byte:03o}" for byte in char.encode()))
    return '"' + "".join(out) + '"'


def comment(text: str, indent: str = "") -> list[str]:
    """A `///` comment of one sentence, or nothing."""
    if not text:
        return []
    text = "".join(char if char.isprintable() else " " for char in text).replace("??/", "?? /")
    return [f"{indent}/// {text}" + ("." if text.endswith("\\") else "")]  # a backslash would join the next line
