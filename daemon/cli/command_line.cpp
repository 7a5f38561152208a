// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/command_line.hpp"

#include "qapi/options.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

namespace iothreadd {
namespace {

constexpr int kStrayWord = 1; // what getopt_long() returns for one when the option string starts with '-'
constexpr int kFirstStep = 256;

struct ProcessOption {
    const char *name;
    bool takes_value;
    int key;
    const char *help;
};

/// What concerns the process and not what it serves; the rest comes from the schema.
constexpr std::array<ProcessOption, 4> kProcessOptions{{
    {"daemonize", false, 'd', "run in the background; return when everything listens"},
    {"help", false, 'h', "print this text and exit (-h does the same)"},
    {"pidfile", true, 'p', "write the pid to PATH once everything listens, and lock it"},
    {"version", false, 'V', "print the version and exit (-V does the same)"},
}};

std::vector<option> long_options() {
    std::vector<option> options;
    for (const ProcessOption &entry : kProcessOptions)
        options.push_back(
            {entry.name, entry.takes_value ? required_argument : no_argument, nullptr, entry.key});
    int step = kFirstStep;
    for (const OptionInfo &entry : option_table())
        options.push_back({entry.name.data(), required_argument, nullptr, step++});
    options.push_back({});
    return options;
}

/// False: the rest of the words does not matter.
bool take_process_option(CommandLine &line, int key) {
    switch (key) {
    case 'd':
        line.daemonize = true;
        return true;
    case 'p':
        line.pid_file = optarg;
        return true;
    case 'h':
        line.action = CommandLine::Action::print_help;
        return false;
    default:
        line.action = CommandLine::Action::print_version;
        return false;
    }
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

void print_forms(std::ostream &out, const OptionInfo &option) {
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
    if (argc <= 1) {
        line.action = CommandLine::Action::print_usage;
        return line;
    }
    const std::vector<option> options = long_options();
    ::optind = 0; // start anew, also the scan of clustered letters
    for (int key = 0; (key = ::getopt_long(argc, argv, "-hV", options.data(), nullptr)) != -1;) {
        if (key == '?')
            return std::nullopt;
        if (key == kStrayWord) {
            std::cerr << line.program << ": " << optarg << ": Unexpected argument\n";
            return std::nullopt;
        }
        if (key >= kFirstStep)
            line.steps.push_back(
                {std::string{option_table()[static_cast<std::size_t>(key - kFirstStep)].name}, optarg});
        else if (!take_process_option(line, key))
            return line;
    }
    if (::optind < argc) { // words behind "--"
        std::cerr << line.program << ": " << argv[::optind] << ": Unexpected argument\n";
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
        out << "      " << entry.help << '\n';
    }
    out << "\n  --object help, --object TYPE,help\n      list the types of objects, or the properties of "
           "one\n";
    for (const ProcessOption &entry : kProcessOptions)
        out << "\n  --" << entry.name << (entry.takes_value ? " PATH" : "") << "\n      " << entry.help
            << "\n";
}

void print_version(std::ostream &out, const std::string &program) {
    out << program << " version " << IOTHREADD_VERSION << "\n"
        << "Licensed under the Apache License 2.0\n";
}

} // namespace iothreadd
