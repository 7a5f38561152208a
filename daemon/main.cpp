// SPDX-License-Identifier: Apache-2.0
//
// iothreadd: options → checks → build → ready → run → drain.
#include "daemon/cli/background.hpp"
#include "daemon/cli/command_line.hpp"
#include "daemon/cli/daemon.hpp"
#include "daemon/cli/pid_file.hpp"
#include "daemon/cli/process.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>

namespace iothreadd {
namespace {

int fail(const CommandLine &line, const Error &error, const std::string &where = {}) {
    std::cerr << line.program << ": " << where << error.desc << '\n';
    if (!error.hint.empty())
        std::cerr << error.hint << '\n';
    return EXIT_FAILURE;
}

int serve(const CommandLine &line) {
    std::optional<Background> background;
    if (line.daemonize) {
        auto entered = Background::enter();
        if (!entered)
            return fail(line, entered.error());
        background.emplace(std::move(*entered));
    }
    prepare_process(line.daemonize);

    auto daemon = Daemon::create();
    if (!daemon)
        return fail(line, daemon.error());
    for (const CommandLine::Step &step : line.steps) {
        const auto next = (*daemon)->apply(step);
        if (!next)
            return fail(line, next.error(), "--" + step.option + " " + step.value + ": ");
        if (*next == Daemon::Next::exit)
            return EXIT_SUCCESS;
    }

    std::optional<PidFile> pid_file;
    if (line.pid_file) {
        auto created = PidFile::create(*line.pid_file);
        if (!created)
            return fail(line, created.error());
        pid_file.emplace(std::move(*created));
    }
    if (background)
        if (auto ready = background->ready(); !ready)
            return fail(line, ready.error());
    notify_service_manager("READY=1");
    (*daemon)->run();
    return EXIT_SUCCESS;
}

int run(int argc, char *argv[]) {
    const auto line = parse_command_line(argc, argv);
    if (!line)
        return EXIT_FAILURE;
    switch (line->action) {
    case CommandLine::Action::print_usage:
        print_usage(std::cout, line->program);
        return EXIT_SUCCESS;
    case CommandLine::Action::print_help:
        print_help(std::cout, line->program);
        return EXIT_SUCCESS;
    case CommandLine::Action::print_version:
        print_version(std::cout, line->program);
        return EXIT_SUCCESS;
    case CommandLine::Action::run:
        return serve(*line);
    }
    return EXIT_FAILURE;
}

} // namespace
} // namespace iothreadd

int main(int argc, char *argv[]) {
    try {
        return iothreadd::run(argc, argv);
    } catch (const std::exception &error) {
        std::cerr << "iothreadd: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
