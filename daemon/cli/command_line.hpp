// SPDX-License-Identifier: Apache-2.0
//
// CommandLine: the words of the command line, sorted into settings of the process (help, version, pid file,
// background) and steps, which are carried out from left to right. Which options there are, and what their
// values mean, the schema knows: struct CommandLine in qapi-schema/options.json.
//
// Thread: main thread.  Source: GNU long-option rules; the order of qemu-storage-daemon.
#pragma once

#include "qapi/options_types.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace iothreadd {

struct CommandLine {
    /// An option that is a QMP command in disguise.
    struct Step {
        std::string option; ///< full name, without the dashes
        std::string value;
    };

    std::string program; ///< base name of argv[0], which starts each message
    qapi::ProcessOptions settings;
    std::vector<Step> steps;
};

/// Nothing when a word was wrong; the one line that says so is on stderr already. What follows --help or
/// --version is not looked at.
std::optional<CommandLine> parse_command_line(int argc, char *argv[]);

void print_usage(std::ostream &out, const std::string &program);
void print_help(std::ostream &out, const std::string &program);
void print_version(std::ostream &out, const std::string &program);

} // namespace iothreadd
