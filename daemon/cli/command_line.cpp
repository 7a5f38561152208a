// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/command_line.hpp"

#include "qapi/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace iothreadd {
namespace {

constexpr int kStrayWord = 1; // what getopt_long() returns for one when the option string starts with '-'
constexpr int kFirstOption = 256;

std::vector<option> long_options() {
    std::vector<option> options;
    int key = kFirstOption;
    for (const OptionInfo &entry : option_table()) {
        const int argument = entry.takes_value ? required_argument : no_argument;
        options.push_back({entry.name.data(), argument, nullptr, key++});
    }
    options.push_back({});
    return options;
}

/// The full name of the option that getopt_long() found: `help` for -h.
std::string_view option_name(int key) {
    if (key >= kFirstOption)
        return option_table()[static_cast<std::size_t>(key - kFirstOption)].name;
    return key == 'h' ? "help" : "version";
}

void complain(const CommandLine &line, std::string_view word) {
    std::cerr << line.program << ": " << word << ": Unexpected argument\n";
}

/// Where the item that starts at `start` ends: before the next `,` or `[,`.
std::size_t end_of_item(std::string_view form, std::size_t start) {
    const std::size_t comma = form.find(',', start + 2); // past its own `,` or `[,`
    if (comma == std::string_view::npos)
        return form.size();
    return form[comma - 1] == '[' ? comma - 1 : comma;
}

/// One form of an option, such as `[driver=]null-co[,size=N]`, broken between items where the line gets too
/// long.
void print_form(std::ostream &out, std::string_view option, std::string_view form) {
    constexpr std::size_t kColumns = 90;
    constexpr std::size_t kIndent = 8;
    out << "  --" << option << ' ';
    std::size_t column = 5 + option.size();
    for (std::size_t start = 0; start < form.size();) {
        const std::size_t end = end_of_item(form, start);
        if (column + end - start > kColumns) {
            out << '\n' << std::string(kIndent, ' ');
            column = kIndent;
        }
        out << form.substr(start, end - start);
        column += end - start;
        start = end;
    }
    out << '\n';
}

/// A sentence below its option, broken between words.
void print_text(std::ostream &out, std::string_view text) {
    constexpr std::size_t kColumns = 80;
    constexpr std::string_view kIndent = "      ";
    while (!text.empty()) {
        std::size_t end = text.size();
        if (constexpr std::size_t room = kColumns - kIndent.size(); end > room) {
            const std::size_t blank = text.rfind(' ', room);
            end = std::min(blank == std::string_view::npos ? text.find(' ') : blank, end);
        }
        out << kIndent << text.substr(0, end) << '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void print_forms(std::ostream &out, const OptionInfo &option) {
    if (option.syntax.empty())
        out << "  --" << option.name << '\n';
    for (std::string_view rest = option.syntax; !rest.empty();) {
        const std::size_t line = std::min(rest.find('\n'), rest.size());
        print_form(out, option.name, rest.substr(0, line));
        rest.remove_prefix(std::min(line + 1, rest.size()));
    }
}

} // namespace

std::optional<CommandLine> parse_command_line(int argc, char *argv[]) {
    CommandLine line;
    line.program = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : "iothreadd";
    const std::vector<option> options = long_options();
    ::optind = 0; // start anew, also the scan of clustered letters
    for (int key = 0; (key = ::getopt_long(argc, argv, "-hV", options.data(), nullptr)) != -1;) {
        if (key == '?')
            return std::nullopt;
        if (key == kStrayWord) {
            complain(line, ::optarg);
            return std::nullopt;
        }
        const std::string_view name = option_name(key);
        const std::string_view value = ::optarg != nullptr ? ::optarg : "";
        if (!set_option(line.settings, name, value))
            line.steps.push_back({std::string{name}, std::string{value}});
        if (line.settings.help || line.settings.version)
            return line;
    }
    if (::optind < argc) { // words behind "--"
        complain(line, argv[::optind]);
        return std::nullopt;
    }
    return line;
}

void print_usage(std::ostream &out, const std::string &program) {
    out << "Usage: " << program << " OPTION...\n"
        << "Runs IOThreads and serves block exports in them; tell it what to do over QMP.\n\n"
           "For example, an image over NBD from an IOThread of its own, and a QMP socket:\n\n"
           "  truncate -s 1G disk.img\n  "
        << program
        << " \\\n"
           "    --object iothread,id=io0 \\\n"
           "    --blockdev file,node-name=disk,filename=disk.img \\\n"
           "    --nbd-server addr.type=unix,addr.path=nbd.sock \\\n"
           "    --export nbd,id=export0,node-name=disk,writable=on,iothread=io0 \\\n"
           "    --chardev socket,id=qmp,path=qmp.sock,server=on --monitor qmp\n\n"
           "  nbdinfo 'nbd+unix:///disk?socket=nbd.sock'\n"
           "  echo '{\"execute\":\"qmp_capabilities\"} {\"execute\":\"query-iothreads\"}' | socat -t1 - "
           "UNIX:qmp.sock\n\n"
        << "'" << program << " --help' lists all options.\n";
}

void print_help(std::ostream &out, const std::string &program) {
    out << "Usage: " << program
        << " OPTION...\n\n"
           "Runs IOThreads and serves block exports in them; tell it what to do over QMP.\n\n"
           "Options are carried out from left to right; each can be a QMP command's arguments\n"
           "in JSON instead of key=value.\n";
    for (const OptionInfo &entry : option_table()) {
        out << '\n';
        print_forms(out, entry);
        print_text(out, entry.help);
        if (!entry.types.empty())
            out << "\n  --" << entry.name << " help, --" << entry.name << " TYPE,help\n"
                << "      list the values of '" << entry.implied_key << "', or the options of one\n";
    }
}

void print_version(std::ostream &out, const std::string &program) {
    out << program << " version " << IOTHREADD_VERSION << "\n"
        << "Licensed under the Apache License 2.0\n";
}

} // namespace iothreadd
