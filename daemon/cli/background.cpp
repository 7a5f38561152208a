// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/background.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace iothreadd {
namespace {

Error refused(std::string_view what) {
    return generic_error("cannot daemonize: {}: {}", what, std::generic_category().message(errno));
}

/// One byte arrives when the child is ready, end of file when it ended before.
[[noreturn]] void exit_like_child(int from_child) {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::read(from_child, &byte, 1);
    } while (got < 0 && errno == EINTR);
    ::_exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

} // namespace

Result<Background> Background::enter() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return refused("pipe");
    UniqueFd from_child{ends[0]};
    UniqueFd to_parent{ends[1]};
    const pid_t child = ::fork();
    if (child < 0)
        return refused("fork");
    if (child > 0) {
        to_parent.reset();
        exit_like_child(from_child.get());
    }
    if (::setsid() < 0)
        return refused("setsid");
    ::umask(027);
    for (const int terminal_signal : {SIGTSTP, SIGTTIN, SIGTTOU})
        std::signal(terminal_signal, SIG_IGN);
    return Background{std::move(to_parent)};
}

Result<void> Background::ready() {
    const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!null || ::chdir("/") != 0)
        return refused("/dev/null");
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), standard);
    const char byte = 0;
    if (::write(tell_parent_.get(), &byte, 1) != 1)
        return refused("pipe");
    tell_parent_.reset();
    return {};
}

} // namespace iothreadd
