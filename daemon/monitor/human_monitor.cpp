// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_monitor.hpp"

#include "daemon/monitor/human_info.hpp"
#include "daemon/monitor/human_objects.hpp"
#include "daemon/util/result.hpp"

#include "qapi/control_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace iothreadd {
namespace {

struct HumanCommand {
    std::string_view name; ///< one or two words
    std::string_view arguments;
    std::size_t needed; ///< of the words in `arguments`
    std::size_t most;
    std::string_view help;
    Result<std::string> (*run)(QmpContext &, HumanArguments); ///< null for what only groups others
    /// What may follow on these arguments; null: nothing.
    Completions (*complete)(const QmpContext &, HumanArguments before) = nullptr;
};

/// An `info` command, which takes no arguments.
template <Result<std::string> (*info)(QmpContext &)>
Result<std::string> show(QmpContext &context, HumanArguments) {
    return info(context);
}

Result<std::string> show_iothreads(QmpContext &context, HumanArguments arguments) {
    if (!arguments.empty() && arguments[0] != "-v")
        return generic_error("unsupported option '{}'", arguments[0]);
    return info_iothreads(context, !arguments.empty());
}

Result<std::string> quit(QmpContext &context, HumanArguments) {
    if (auto asked = qmp_quit(context); !asked)
        return asked.error();
    return std::string{};
}

constexpr std::array<HumanCommand, 16> kCommands{{
    {"help", "[cmd]", 0, 2, "show the help", nullptr},
    {"info", "[subcommand]", 0, 1, "show various information about the system state", nullptr},
    {"info block", "", 0, 0, "show the block nodes", show<info_block>},
    {"info block-exports", "", 0, 0, "show the block exports", show<info_block_exports>},
    {"info chardev", "", 0, 0, "show the character devices", show<info_chardev>},
    {"info clients", "", 0, 0, "show the clients of all monitors", show<info_clients>},
    {"info fdsets", "", 0, 0, "show the fd sets", show<info_fdsets>},
    {"info iothreads", "[-v]", 0, 1, "show the IOThreads and their holders (-v: and what they did so far)",
     show_iothreads},
    {"info nbd-server", "", 0, 0, "show where the NBD server listens", show<info_nbd_server>},
    {"info version", "", 0, 0, "show the version", show<info_version>},
    {"object_add", "[qom-type=]type,id=str[,prop=value][,...]", 1, 1,
     "create an object; 'object_add help' lists the types, 'object_add type,help' the properties",
     human_object_add, complete_object_add},
    {"object_del", "id", 1, 1, "delete an object", human_object_del, complete_object_del},
    {"qom-get", "path property", 2, 2, "show a property of an object", human_qom_get, complete_qom_get},
    {"qom-list", "[path]", 0, 1, "list the properties of an object", human_qom_list, complete_qom_list},
    {"qom-set", "path property value", 3, 3, "change a property of an object", human_qom_set,
     complete_qom_set},
    {"quit", "", 0, 0, "end the program", quit},
}};

using Words = std::vector<std::string_view>;

Words split(std::string_view line) {
    constexpr std::string_view blanks = " \t\r\n";
    Words words;
    for (std::size_t start = line.find_first_not_of(blanks); start != std::string_view::npos;
         start = line.find_first_not_of(blanks, start)) {
        const std::size_t end = std::min(line.find_first_of(blanks, start), line.size());
        words.push_back(line.substr(start, end - start));
        start = end;
    }
    return words;
}

/// `help`: the commands whose name starts with the words.
std::string help(const Words &words) {
    const std::string wanted = fmt::format("{}", fmt::join(words, " "));
    std::string text;
    for (const HumanCommand &command : kCommands) {
        const bool listed =
            wanted.empty() || command.name == wanted || command.name.starts_with(wanted + " ");
        if (listed)
            text += fmt::format("{} {} -- {}\n", command.name, command.arguments, command.help);
    }
    return text.empty() ? fmt::format("unknown command: '{}'\n", wanted) : text;
}

const HumanCommand *find(std::string_view name) {
    for (const HumanCommand &command : kCommands) {
        if (command.name == name)
            return &command;
    }
    return nullptr;
}

/// A command whose arguments are as many as it takes.
std::string run(QmpContext &context, const HumanCommand &command, HumanArguments arguments) {
    const bool too_many = arguments.size() > command.most;
    if (too_many || arguments.size() < command.needed)
        return fmt::format("{}: {}\nTry \"help {}\" for more information\n",
                           command.name.substr(command.name.rfind(' ') + 1),
                           too_many ? "extraneous characters at the end of line" : "an argument is missing",
                           command.name);
    auto text = command.run(context, arguments);
    return text ? *text : fmt::format("Error: {}\n", text.error().desc);
}

} // namespace

std::string run_human_command(QmpContext &context, std::string_view command_line) {
    const Words words = split(command_line);
    if (words.empty())
        return {};
    if (words[0] == "help" || words[0] == "?")
        return help({words.begin() + 1, words.end()});
    if (words[0] == "info" && words.size() == 1)
        return help(words);
    const std::size_t parts = words[0] == "info" ? 2 : 1;
    const std::string name =
        fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<long>(parts), " "));
    const HumanCommand *command = find(name == "q" ? "quit" : name);
    if (command == nullptr)
        return fmt::format("unknown command: '{}'\n", name);
    return run(context, *command, HumanArguments{words}.subspan(parts));
}

std::string with_crlf(std::string_view text) {
    std::string converted;
    for (const char c : text) {
        if (c == '\n')
            converted += '\r';
        converted += c;
    }
    return converted;
}

Completions complete_human_command(const QmpContext &context, std::string_view line) {
    Words before = split(line);
    if (!before.empty() && !line.ends_with(' '))
        before.pop_back(); // the word to complete
    if (!before.empty() && before[0] == "help")
        before.erase(before.begin());
    else if (const HumanCommand *command = before.empty() ? nullptr : find(before[0]);
             command != nullptr && command->complete != nullptr)
        return command->complete(context, HumanArguments{before}.subspan(1));
    std::vector<std::string> names;
    for (const HumanCommand &command : kCommands) {
        const Words parts = split(command.name);
        const bool fits =
            parts.size() > before.size() && std::equal(before.begin(), before.end(), parts.begin());
        if (fits && (names.empty() || names.back() != parts[before.size()]))
            names.emplace_back(parts[before.size()]);
    }
    return names;
}

Result<std::string> qmp_human_monitor_command(QmpContext &context,
                                              const qapi::HumanMonitorCommandArgs &args) {
    return with_crlf(run_human_command(context, args.command_line));
}

} // namespace iothreadd
