# SPDX-License-Identifier: Apache-2.0
"""options.hpp and .cpp: command-line options, from the members of the struct CommandLine.

Its own members are carried out one by one; those of its base, strings and switches, are collected in the base's type.
"""

from __future__ import annotations

from .cpp import Cpp, CppFile, literal
from .identifiers import identifier
from .errors import SchemaError
from .model import BUILTINS, ArrayType, Member, ObjectType, Type
from .syntax import help_text, implied_key, shown_type, syntax

ROOT = "CommandLine"


class OptionsBackEnd:
    """Writes the option table and apply_option(); nothing when the schema has no struct CommandLine."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp
        root = cpp.schema.types.get(ROOT)
        is_there = isinstance(root, ObjectType) and root.definition and cpp.schema.holds(root.definition.condition)
        self._root = root if is_there and isinstance(root, ObjectType) else None
        self._steps = cpp.schema.enabled(self._root.own_members) if self._root else []
        self._base = self._root.base if self._root else None
        self._settings = cpp.schema.enabled(self._base.members()) if self._base else []
        self._options = [*self._steps, *self._settings]

    def files(self) -> list[CppFile]:
        """Header and source, or nothing."""
        self._check()
        return [self._header(), self._source()] if self._root else []

    def _check(self) -> None:
        """A step decodes an object; a setting is stored as it is."""
        if self._root and self._root.definition and self._root.is_union():
            raise SchemaError(self._root.definition.position, f"'{ROOT}' must be a struct")
        for option in self._steps:
            if not isinstance(_value_type(option), ObjectType):
                self._refuse(option, f"is no struct or union and belongs into the base of '{ROOT}'")
        for option in self._settings:
            if option.type not in (BUILTINS["str"], BUILTINS["bool"]):
                self._refuse(option, f"is in the base of '{ROOT}' and must be of type 'str' or 'bool'")

    def _refuse(self, option: Member, why: str) -> None:
        assert self._root and self._root.definition
        raise SchemaError(self._root.definition.position, f"command-line option '{option.name}' {why}")

    def _header(self) -> CppFile:
        file = CppFile("options.hpp", "The command-line options.")
        file.includes = ["daemon/util/result.hpp", "protocol/qmp/option.hpp"]
        used = [member.type for member in self._steps] + ([self._base] if self._base else [])
        file.includes += self._cpp.includes(used, "types")
        file.includes += ["<span>", "<string_view>"]
        file.add("namespace iothreadd {", "")
        file.add("/// What each step does; the daemon implements it. Called in the order of the command line.")
        file.add("class OptionHandler {", "public:", "    virtual ~OptionHandler() = default;")
        for member in self._steps:
            spelling = self._cpp.type_name(_value_type(member), "qapi::")
            file.add(f"    virtual Result<void> {identifier(member.name)}(const {spelling} &options) = 0;")
        file.add("    /// The value has an item `help` or `?`; `type` is what was given for the implied key, or empty.")
        file.add("    virtual Result<void> help(const OptionInfo &option, std::string_view type) = 0;", "};", "")
        file.add("/// All options: the steps in the order of the schema, then the settings.")
        file.add("std::span<const OptionInfo> option_table();")
        if self._base:
            file.add("/// Store a setting; false when `name` is none.", f"{self._set_signature()};")
        file.add("/// Decode the value of a step and hand it to `handler`. Names are without dashes.")
        file.add("Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value);")
        file.add("", "} // namespace iothreadd")
        return file

    def _set_signature(self) -> str:
        assert self._base
        spelling = self._cpp.type_name(self._base, "qapi::")
        return f"bool set_option({spelling} &settings, std::string_view name, std::string_view value)"

    def _set(self, file: CppFile) -> None:
        file.add(f"{self._set_signature()} {{")
        for member in self._settings:
            is_switch = member.type is BUILTINS["bool"]
            file.add(f"    if (name == {literal(member.name)}) {{")
            value = "true" if is_switch else "std::string(value)"
            file.add(f"        settings.{self._cpp.member_name(member.name)} = {value};")
            file.add("        return true;", "    }")
        if all(member.type is BUILTINS["bool"] for member in self._settings):
            file.add("    (void)value;")
        if not self._settings:
            file.add("    (void)settings;", "    (void)name;")
        file.add("    return false;", "}", "")

    def _source(self) -> CppFile:
        file = CppFile("options.cpp", "The command-line options.")
        file.includes = [f"{self._cpp.prefix}/options.hpp", "protocol/qmp/codec.hpp", "protocol/qmp/keyval.hpp"]
        file.includes += self._cpp.includes((member.type for member in self._steps), "codec")
        file.includes.append("<array>")
        file.add("namespace iothreadd {", "namespace {", "")
        for member in self._steps:
            self._types(file, member)
        file.add(f"constexpr std::array<OptionInfo, {len(self._options)}> kOptions{{{{")
        for member in self._options:
            self._info(file, member)
        file.add("}};", "", "} // namespace", "")
        file.add("std::span<const OptionInfo> option_table() { return kOptions; }", "")
        if self._base:
            self._set(file)
        self._apply(file)
        file.add("} // namespace iothreadd")
        return file

    def _types(self, file: CppFile, option: Member) -> None:
        """The members of each branch, for `--object TYPE,help`."""
        found = _value_type(option)
        if not isinstance(found, ObjectType) or not found.tag:
            return
        base = identifier("k-" + option.name)
        branches = self._cpp.schema.enabled(found.branches)
        named = []
        for index, branch in enumerate(branches):
            assert isinstance(branch.type, ObjectType)
            members = sorted(self._cpp.schema.enabled(branch.type.members()), key=lambda member: member.name)
            name = f"{base}_{index}_members"
            named.append((branch.name, name))
            file.add(f"constexpr std::array<OptionMember, {len(members)}> {name}{{{{")
            for member in members:
                optional = "true" if member.optional else "false"
                file.add(
                    f"    {{{literal(member.name)}, {literal(shown_type(self._cpp.schema, member.type))}, {optional},"
                    f" {literal(help_text(branch.type, member.name))}}},"
                )
            file.add("}};", "")
        file.add(f"constexpr std::array<OptionType, {len(named)}> {base}_types{{{{")
        file.add(*(f"    {{{literal(branch)}, {name}}}," for branch, name in sorted(named)), "}};", "")

    def _info(self, file: CppFile, option: Member) -> None:
        found = _value_type(option)
        takes_value = found is not BUILTINS["bool"]
        types = identifier("k-" + option.name) + "_types" if isinstance(found, ObjectType) and found.tag else "{}"
        assert self._root
        file.add(f"    {{{literal(option.name)}, {'true' if takes_value else 'false'}, {literal(implied_key(found))},")
        file.add(f"     {literal(syntax(self._cpp.schema, option.name, found))},")
        file.add(f"     {literal(help_text(self._root, option.name))}, {types}}},")

    def _apply(self, file: CppFile) -> None:
        file.add("Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value) {")
        if not self._steps:
            file.add("    (void)handler;", "    (void)value;")
        for index, member in enumerate(self._steps):
            found = _value_type(member)
            method = identifier(member.name)
            file.add(f"    if (name == {literal(member.name)})")
            file.add(
                f"        return qapi::apply_structured<{self._cpp.type_name(found, 'qapi::')}>(",
                f"            kOptions[{index}], value,",
                f"            [&](const auto &options) {{ return handler.{method}(options); }},",
                "            [&](const OptionInfo &option, std::string_view type) {",
                "                return handler.help(option, type);",
                "            });",
            )
        file.add('    return generic_error("unknown option \'--{}\'", name);', "}", "")


def _value_type(option: Member) -> Type:
    """What one occurrence of the option carries: a list is an option that may be repeated."""
    return option.type.element if isinstance(option.type, ArrayType) else option.type
