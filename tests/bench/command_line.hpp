// SPDX-License-Identifier: Apache-2.0
//
// CommandLine: how long a benchmark runs, and what of it. The same options for all that measure the event
// loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace iothreadd::bench {

struct CommandLine {
    std::int64_t time_ms = 0; ///< how long one setting runs in a round
    int rounds = 5;           ///< how often the settings take turns
    std::string only{};       ///< rows whose names contain this
    std::string json{};       ///< write the figures there, too; empty: do not

    std::int64_t time_ns() const { return time_ms * 1'000'000; }
    bool wants(std::string_view name) const { return name.find(only) != std::string_view::npos; }
};

/// What the user wrote, in place of `defaults`. Ends the program: status 0 after --help, 2 when it is wrong,
/// 77 on a machine with one CPU. `has_json`: whether there is --json.
CommandLine parse_command_line(int argc, char **argv, const CommandLine &defaults, bool has_json = false);

} // namespace iothreadd::bench
