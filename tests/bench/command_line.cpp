// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/command_line.hpp"

#include <fmt/format.h>

#include <getopt.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace iothreadd::bench {
namespace {

constexpr int kSkipped = 77; // what ctest takes for a test that cannot run here
constexpr int kMostTimeMs = 60'000;
constexpr int kMostRounds = 1000;

void print_usage(std::FILE *file, const char *program, const CommandLine &defaults, bool has_json) {
    fmt::print(file,
               "Usage: {} [--ms N] [--rounds N] [--only TEXT]{}\n"
               "  --ms N       how long a setting runs in a round, in milliseconds ({})\n"
               "  --rounds N   how often the settings take turns ({})\n"
               "  --only TEXT  only rows whose names contain this\n{}",
               program, has_json ? " [--json FILE]" : "", defaults.time_ms, defaults.rounds,
               has_json ? "  --json FILE  write the figures to this file, too\n" : "");
}

/// A number from 1 to `most`, or 0.
int number(const char *text, int most) {
    int value = 0;
    const char *const end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    return error == std::errc{} && rest == end && value >= 1 && value <= most ? value : 0;
}

} // namespace

CommandLine parse_command_line(int argc, char **argv, const CommandLine &defaults, bool has_json) {
    const option options[] = {{"ms", required_argument, nullptr, 'm'},
                              {"rounds", required_argument, nullptr, 'r'},
                              {"only", required_argument, nullptr, 'o'},
                              {"help", no_argument, nullptr, 'h'},
                              {has_json ? "json" : nullptr, required_argument, nullptr, 'j'},
                              {nullptr, 0, nullptr, 0}};
    CommandLine found = defaults;
    bool right = true;
    for (int key = 0; (key = ::getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (key == 'h') {
            print_usage(stdout, argv[0], defaults, has_json);
            std::exit(0);
        }
        if (key == 'm')
            found.time_ms = number(optarg, kMostTimeMs);
        else if (key == 'r')
            found.rounds = number(optarg, kMostRounds);
        else if (key == 'o')
            found.only = optarg;
        else if (key == 'j')
            found.json = optarg;
        else
            right = false;
    }
    if (!right || optind != argc || found.time_ms == 0 || found.rounds == 0) {
        print_usage(stderr, argv[0], defaults, has_json);
        std::exit(2);
    }
    if (std::thread::hardware_concurrency() < 2) {
        fmt::print(stderr, "{}: needs two CPUs\n", argv[0]);
        std::exit(kSkipped);
    }
    return found;
}

} // namespace iothreadd::bench
