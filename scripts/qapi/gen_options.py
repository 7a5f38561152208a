# SPDX-License-Identifier: Apache-2.0
"""options.hpp and .cpp: command-line options, from the members of the struct CommandLine."""

from __future__ import annotations

from .cpp import Cpp, CppFile, literal
from .identifiers import identifier
from .model import ArrayType, Builtin, Member, ObjectType, Type
from .syntax import help_text, implied_key, shown_type, syntax

ROOT = "CommandLine"


class OptionsBackEnd:
    """Writes the option table and apply_option(); nothing when the schema has no struct CommandLine."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp
        root = cpp.schema.types.get(ROOT)
        self._root = root if isinstance(root, ObjectType) else None
        self._options = cpp.schema.enabled(self._root.members()) if self._root else []

    def files(self) -> list[CppFile]:
        """Header and source, or nothing."""
        return [self._header(), self._source()] if self._root else []

    def _header(self) -> CppFile:
        file = CppFile("options.hpp", "The command-line options.")
        file.includes = ["daemon/util/result.hpp", "protocol/qmp/option.hpp"]
        file.includes += self._cpp.includes((member.type for member in self._options), "types")
        file.includes += ["<span>", "<string_view>"]
        file.add("namespace iothreadd {", "")
        file.add("/// What each option does; the daemon implements it. Called in the order of the command line.")
        file.add("class OptionHandler {", "public:", "    virtual ~OptionHandler() = default;")
        for member in self._options:
            file.add(f"    virtual Result<void> {identifier(member.name)}({self._parameter(member)}) = 0;")
        file.add("    /// The value has an item `help` or `?`; `type` is what was given for the implied key, or empty.")
        file.add("    virtual Result<void> help(const OptionInfo &option, std::string_view type) = 0;", "};", "")
        file.add("/// All options, in the order of the schema.", "std::span<const OptionInfo> option_table();")
        file.add("/// Decode `value` and hand it to `handler`. `name` must be in option_table(), without dashes.")
        file.add("Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value);")
        file.add("", "} // namespace iothreadd")
        return file

    def _parameter(self, member: Member) -> str:
        found = _value_type(member)
        if isinstance(found, Builtin):
            return "" if found.name == "bool" else "const std::string &value"
        return f"const {self._cpp.type_name(found, 'qapi::')} &options"

    def _source(self) -> CppFile:
        file = CppFile("options.cpp", "The command-line options.")
        file.includes = [f"{self._cpp.prefix}/options.hpp", "protocol/qmp/codec.hpp", "protocol/qmp/keyval.hpp"]
        file.includes += self._cpp.includes((member.type for member in self._options), "codec")
        file.includes.append("<array>")
        file.add("namespace iothreadd {", "namespace {", "")
        for member in self._options:
            self._types(file, member)
        file.add(f"constexpr std::array<OptionInfo, {len(self._options)}> kOptions{{{{")
        for member in self._options:
            self._info(file, member)
        file.add("}};", "", "} // namespace", "")
        file.add("std::span<const OptionInfo> option_table() { return kOptions; }", "")
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
        for branch in branches:
            assert isinstance(branch.type, ObjectType)
            members = sorted(self._cpp.schema.enabled(branch.type.members()), key=lambda member: member.name)
            name = f"{base}_{identifier(branch.name)}_members"
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
        takes_value = not (isinstance(found, Builtin) and found.name == "bool")
        types = identifier("k-" + option.name) + "_types" if isinstance(found, ObjectType) and found.tag else "{}"
        assert self._root
        file.add(f"    {{{literal(option.name)}, {'true' if takes_value else 'false'}, {literal(implied_key(found))},")
        file.add(f"     {literal(syntax(self._cpp.schema, option.name, found))},")
        file.add(f"     {literal(help_text(self._root, option.name))}, {types}}},")

    def _apply(self, file: CppFile) -> None:
        file.add("Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value) {")
        for index, member in enumerate(self._options):
            found = _value_type(member)
            method = identifier(member.name)
            file.add(f"    if (name == {literal(member.name)})")
            if isinstance(found, Builtin):
                call = f"handler.{method}()" if found.name == "bool" else f"handler.{method}(std::string(value))"
                file.add(f"        return {call};")
                continue
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
