// SPDX-License-Identifier: Apache-2.0
//
// CommandLine: the words of the command line, sorted into what decides how to start (help, version, pid file,
// background) and what is carried out from left to right. Values are not looked at here: the schema knows
// them.
//
// Thread: main thread.  Source: GNU long-option rules; the order of qemu-storage-daemon.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace iothreadd {

struct CommandLine {
    enum class Action { run, print_usage, print_help, print_version };

    /// An option that is a QMP command in disguise.
    struct Step {
        std::string option; ///< full name, without the dashes
        std::string value;
    };

    Action action = Action::run;
    std::string program; ///< base name of argv[0], which starts each message
    std::optional<std::string> pid_file;
    bool daemonize = false;
    std::vector<Step> steps;
};

/// Nothing when a word was wrong; the one line that says so is on stderr already.
std::optional<CommandLine> parse_command_line(int argc, char *argv[]);

void print_usage(std::ostream &out, const std::string &program);
void print_help(std::ostream &out, const std::string &program);
void print_version(std::ostream &out, const std::string &program);

} // namespace iothreadd
