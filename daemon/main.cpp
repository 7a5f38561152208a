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
    const bool in_background = line.settings.daemonize.value_or(false);
    std::optional<Background> background;
    if (in_background) {
        auto entered = Background::enter();
        if (!entered)
            return fail(line, entered.error());
        background.emplace(std::move(*entered));
    }
    prepare_process(in_background);

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
    if ((*daemon)->await_clients() == Daemon::Next::exit)
        return EXIT_SUCCESS;

    std::optional<PidFile> pid_file;
    if (line.settings.pidfile) {
        auto created = PidFile::create(*line.settings.pidfile);
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
    if (line->settings.help)
        print_help(std::cout, line->program);
    else if (line->settings.version)
        print_version(std::cout, line->program);
    else if (argc <= 1)
        print_usage(std::cout, line->program);
    else
        return serve(*line);
    return EXIT_SUCCESS;
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
