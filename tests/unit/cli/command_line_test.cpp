// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/command_line.hpp"

#include <catch2/catch.hpp>

#include <iostream>
#include <sstream>

using namespace iothreadd;

namespace {

std::optional<CommandLine> parse(std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/sbin/iothreadd");
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_command_line(static_cast<int>(words.size()), argv.data());
}

} // namespace

TEST_CASE("command line: steps keep their order, process options are found anywhere", "[cli]") {
    const auto line = parse({"--object", "iothread,id=io0", "--daemonize", "--blockdev=null-co,node-name=n",
                             "--pidfile", "first", "--object={\"qom-type\":\"iothread\"}", "--pidfile=last"});
    REQUIRE(line);
    CHECK(line->program == "iothreadd");
    CHECK(line->settings.daemonize);
    CHECK(line->settings.pidfile == "last");
    REQUIRE(line->steps.size() == 3);
    CHECK(line->steps[0].option == "object");
    CHECK(line->steps[0].value == "iothread,id=io0");
    CHECK(line->steps[1].option == "blockdev");
    CHECK(line->steps[1].value == "null-co,node-name=n");
    CHECK(line->steps[2].value == "{\"qom-type\":\"iothread\"}");
}

TEST_CASE("command line: an unambiguous prefix will do", "[cli]") {
    const auto line = parse({"--obj", "iothread,id=io0"});
    REQUIRE(line);
    CHECK(line->steps.at(0).option == "object");
}

TEST_CASE("command line: no word at all is no error", "[cli]") {
    const auto line = parse({});
    REQUIRE(line);
    CHECK(line->steps.empty());
    CHECK_FALSE(line->settings.help);
}

TEST_CASE("command line: the first of help and version wins over what follows", "[cli]") {
    CHECK(parse({"--version", "--bogus"})->settings.version);
    CHECK(parse({"-h", "-V"})->settings.help);
    CHECK_FALSE(parse({"-h", "-V"})->settings.version);
    CHECK(parse({"--object", "x", "--help", "stray"})->settings.help);
}

TEST_CASE("command line: wrong words are refused", "[cli]") {
    CHECK(!parse({"--bogus", "--version"}));
    CHECK(!parse({"--object"}));
    CHECK(!parse({"--daemonize=yes"}));
    CHECK(!parse({"stray"}));
    CHECK(!parse({"--object", "x", "--", "stray"}));
    CHECK(!parse({"-object", "x"}));
}

TEST_CASE("command line: help names every option, usage shows an example", "[cli]") {
    std::ostringstream help;
    print_help(help, "iothreadd");
    for (const char *option : {"--object", "--blockdev", "--nbd-server", "--export", "--chardev", "--monitor",
                               "--pidfile", "--daemonize", "--help", "--version"})
        CHECK_THAT(help.str(), Catch::Contains(option));
    CHECK_THAT(help.str(), Catch::Contains("[,iothread=IOTHREAD|iothread.0=IOTHREAD...]"));
    std::istringstream lines{help.str()};
    for (std::string text; std::getline(lines, text);)
        CHECK(text.size() <= 90);
    std::ostringstream usage;
    print_usage(usage, "iothreadd");
    CHECK_THAT(usage.str(), Catch::Contains("--object iothread,id=io0"));
}
