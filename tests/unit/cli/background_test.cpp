// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/background.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

using namespace iothreadd;

namespace {

struct Outcome {
    int status;       ///< of the process that a shell would wait for
    std::string says; ///< what the daemon process reported about itself
};

/// Start a process that puts itself into the background and then runs `in_background`, writing to its
/// argument.
template <class Fn>
Outcome run(Fn in_background) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto background = Background::enter();
        if (background)
            in_background(*background, ends[1]);
        ::_exit(3);
    }
    ::close(ends[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, {}};
    char buffer[256];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        outcome.says.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    return outcome;
}

void say(int fd, const std::string &text) { static_cast<void>(!::write(fd, text.data(), text.size())); }

} // namespace

TEST_CASE("Background: the parent exits 0 once the child is ready", "[cli]") {
    const Outcome outcome = run([](Background &background, int out) {
        if (!background.ready())
            say(out, "not ready");
        char directory[64] = {};
        say(out, ::getcwd(directory, sizeof directory) != nullptr ? directory : "?");
        say(out, ::getsid(0) == ::getpid() ? " own session" : " old session");
        struct sigaction action {};
        sigaction(SIGTSTP, nullptr, &action);
        say(out, action.sa_handler == SIG_IGN ? " deaf to the terminal" : " stoppable");
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.says == "/ own session deaf to the terminal");
}

TEST_CASE("Background: the parent exits 1 when the child ends before it is ready", "[cli]") {
    CHECK(run([](Background &, int) { ::_exit(0); }).status == 1);
}
