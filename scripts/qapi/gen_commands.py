# SPDX-License-Identifier: Apache-2.0
"""M_commands.hpp: the handlers to write by hand. command_table.hpp and .cpp: how a session reaches them."""

from __future__ import annotations

from .containment import is_any
from .cpp import Cpp, CppFile, literal
from .identifiers import identifier
from .model import EMPTY, Command
from .modules import Module

_FLAGS = {
    "allow-oob": "kAllowOob",
    "success-response": "kNoSuccessResponse",
    "allow-preconfig": "kAllowPreconfig",
    "coroutine": "kCoroutine",
}
_FEATURES = {"deprecated": "kDeprecated", "unstable": "kUnstable"}


class CommandsBackEnd:
    """Writes handler declarations and the command table."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp
        self._commands = sorted(
            (command for module in cpp.modules for command in module.commands), key=lambda command: command.name
        )
        self._has_coroutines = any(_is_coroutine(command) for command in self._commands)

    def files(self) -> list[CppFile]:
        """A header for each module that has commands, and the table."""
        modules = [module for module in self._cpp.modules if module.commands]
        return [*(self._declarations(module) for module in modules), self._header(), self._source()]

    def _result(self, command: Command) -> str:
        if "gen" in command.definition.flags:
            return "QmpReply"
        return "void" if command.returns is EMPTY else self._cpp.type_name(command.returns, "qapi::")

    def _parameters(self, command: Command) -> str:
        if "gen" in command.definition.flags:
            return "QmpContext &context, const Json &arguments"
        if command.arguments is EMPTY:
            return "QmpContext &context"
        return f"QmpContext &context, const {self._cpp.type_name(command.arguments, 'qapi::')} &args"

    def _declarations(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_commands.hpp", f"The commands of {module.name}, to be defined by hand.")
        file.includes = ["daemon/util/result.hpp", "protocol/qmp/json_fwd.hpp"]
        if module.structs():
            file.includes.append(self._cpp.include(module.name, "types"))
        used = [found for command in module.commands for found in (command.arguments, command.returns)]
        file.includes += self._cpp.includes(used, "types")
        if any("gen" in command.definition.flags for command in module.commands):
            file.includes.append("protocol/qmp/command.hpp")
        if any(_is_coroutine(command) for command in module.commands):
            file.includes.append("protocol/qmp/awaitable_fwd.hpp")
        if any(is_any(command.returns) for command in module.commands):
            file.includes.append("protocol/qmp/json.hpp")
        file.add("namespace iothreadd {", "struct QmpContext;", "")
        for command in module.commands:
            result = f"Result<{self._result(command)}>"
            if _is_coroutine(command):
                result = f"Awaitable<{result}>"
            file.add(f"{result} {handler(command)}({self._parameters(command)});")
        file.add("", "} // namespace iothreadd")
        return file

    def _header(self) -> CppFile:
        file = CppFile("command_table.hpp", "Every command of the schema, sorted by name.")
        file.includes = ["protocol/qmp/command_handler.hpp", "<span>"]
        file.add(
            "namespace iothreadd {",
            "",
            "/// All commands, sorted by name.",
            "std::span<const CommandInfo> command_table();",
            "/// Their handlers, in the same order.",
            "std::span<const CommandHandler> command_handlers();",
            "",
            "} // namespace iothreadd",
        )
        return file

    def _source(self) -> CppFile:
        file = CppFile("command_table.cpp", "How each command's arguments and result are converted.")
        file.includes = [f"{self._cpp.prefix}/command_table.hpp", "protocol/qmp/codec.hpp"]
        for module in self._cpp.modules:
            if module.commands:
                file.includes.append(self._cpp.include(module.name, "commands"))
            if module.structs():
                file.includes.append(self._cpp.include(module.name, "codec"))
        used = [found for command in self._commands for found in (command.arguments, command.returns)]
        file.includes += self._cpp.includes(used, "codec")
        if self._has_coroutines:
            file.includes.append("<boost/asio/awaitable.hpp>")
        file.includes += ["<algorithm>", "<array>"]
        file.add("namespace iothreadd {", "namespace {", "")
        for command in self._commands:
            if "gen" not in command.definition.flags:
                self._adapter(file, command)
        self._tables(file)
        return file

    def _adapter(self, file: CppFile, command: Command) -> None:
        coroutine = _is_coroutine(command)
        back = "co_return" if coroutine else "return"
        result = "Awaitable<Result<QmpReply>>" if coroutine else "Result<QmpReply>"
        file.add(f"{result} {_adapter_name(command)}(QmpContext &context, const Json &arguments) {{")
        empty = command.arguments is EMPTY
        spelling = self._cpp.type_name(command.arguments, "qapi::")
        file.add(f"    auto args = qapi::decode_as<{spelling}>(arguments);")
        file.add("    if (args.has_error())", f"        {back} args.error();")
        call = f"{handler(command)}(context)" if empty else f"{handler(command)}(context, *args)"
        file.add(f"    auto result = {'co_await ' if coroutine else ''}{call};")
        file.add("    if (result.has_error())", f"        {back} result.error();")
        value = "Json::object()" if command.returns is EMPTY else "qapi::encode_text(*result)"
        file.add(f"    {back} QmpReply{{{value}}};", "}", "")

    def _tables(self, file: CppFile) -> None:
        count = len(self._commands)
        file.add(f"constexpr std::array<CommandInfo, {count}> kCommands{{{{")
        for command in self._commands:
            file.add(f"    {{{literal(command.name)}, {_flags(self._cpp, command)}}},")
        file.add("}};")
        file.add("static_assert(std::ranges::is_sorted(kCommands, {}, &CommandInfo::name));", "")
        file.add(f"constexpr std::array<CommandHandler, {count}> kHandlers{{{{")
        for command in self._commands:
            name = handler(command) if "gen" in command.definition.flags else _adapter_name(command)
            file.add(f"    {{nullptr, {name}}}," if _is_coroutine(command) else f"    {{{name}, nullptr}},")
        file.add("}};", "", "} // namespace", "")
        file.add("std::span<const CommandInfo> command_table() { return kCommands; }", "")
        file.add("std::span<const CommandHandler> command_handlers() { return kHandlers; }", "")
        file.add("} // namespace iothreadd")


def handler(command: Command) -> str:
    """`block-export-add` is qmp_block_export_add."""
    return identifier("qmp-" + command.name)


def _adapter_name(command: Command) -> str:
    return identifier("call-" + command.name)


def _is_coroutine(command: Command) -> bool:
    return "coroutine" in command.definition.flags


def _flags(cpp: Cpp, command: Command) -> str:
    flags = [name for flag, name in _FLAGS.items() if flag in command.definition.flags]
    features = {feature.name for feature in cpp.schema.enabled(command.definition.features)}
    flags += [name for feature, name in _FEATURES.items() if feature in features]
    return " | ".join(flags) or "0"
