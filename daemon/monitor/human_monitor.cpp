// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_monitor.hpp"

#include "daemon/monitor/human_info.hpp"
#include "daemon/util/result.hpp"

#include "qapi/control_commands.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace iothreadd {
namespace {

struct HumanCommand {
    std::string_view name; ///< one or two words
    std::string_view arguments;
    std::string_view help;
    Result<std::string> (*run)(QmpContext &); ///< null for `help` and for what only groups others
};

constexpr std::array<HumanCommand, 5> kCommands{{
    {"help", "[cmd]", "show the help", nullptr},
    {"info", "[subcommand]", "show various information about the system state", nullptr},
    {"info block", "", "show the block nodes", info_block},
    {"info block-exports", "", "show the block exports", info_block_exports},
    {"info iothreads", "", "show the IOThreads and their holders", info_iothreads},
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

std::string run_info(QmpContext &context, const Words &words) {
    const std::string name = fmt::format("info {}", words[1]);
    const HumanCommand *command = find(name);
    if (command == nullptr)
        return fmt::format("unknown command: '{}'\n", name);
    if (words.size() > 2)
        return fmt::format("{}: extraneous characters at the end of line\n"
                           "Try \"help {}\" for more information\n",
                           words[1], name);
    auto text = command->run(context);
    return text ? *text : fmt::format("Error: {}\n", text.error().desc);
}

} // namespace

std::string run_human_command(QmpContext &context, std::string_view command_line) {
    const Words words = split(command_line);
    if (words.empty())
        return {};
    if (words[0] == "help" || words[0] == "?")
        return help({words.begin() + 1, words.end()});
    if (words[0] != "info")
        return fmt::format("unknown command: '{}'\n", words[0]);
    return words.size() == 1 ? help(words) : run_info(context, words);
}

Result<std::string> qmp_human_monitor_command(QmpContext &context,
                                              const qapi::HumanMonitorCommandArgs &args) {
    std::string answer;
    for (const char c : run_human_command(context, args.command_line)) {
        if (c == '\n')
            answer += '\r';
        answer += c;
    }
    return answer;
}

} // namespace iothreadd
