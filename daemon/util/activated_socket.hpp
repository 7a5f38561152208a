// SPDX-License-Identifier: Apache-2.0
//
// activated_socket: finds sockets that the service manager opened for us and gave a name
// (FileDescriptorName= of a socket unit). Read from the environment by hand: sd_listen_fds() would mark every
// inherited descriptor, also those that the command line names by number later.
//
// Thread: main thread, while the command line is processed.
// Source: sd_listen_fds(3): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; the first descriptor is 3.
#pragma once

#include "daemon/util/inherited_socket.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace iothreadd {

namespace activated_socket_detail {

inline constexpr int kFirstActivatedFd = 3;

/// The number in an environment variable; -1 when there is none.
inline int environment_number(const char *name) {
    const char *value = std::getenv(name);
    if (value == nullptr)
        return -1;
    const std::string_view text = value;
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}

} // namespace activated_socket_detail

/// Become the owner of the first activated socket called `name` that nobody took yet.
/// Errors: `No socket named 'X' was passed by the service manager`; those of take_inherited_socket().
inline Result<UniqueFd> take_activated_socket(std::string_view name) {
    using namespace activated_socket_detail;
    const char *variable = std::getenv("LISTEN_FDNAMES");
    const int count = environment_number("LISTEN_FDS");
    Error error = generic_error("No socket named '{}' was passed by the service manager", name);
    if (variable == nullptr || environment_number("LISTEN_PID") != ::getpid())
        return error;
    std::string_view names = variable;
    for (int i = 0; i < count; ++i) {
        const std::string_view current = names.substr(0, names.find(':'));
        if (current == name) {
            auto taken = take_inherited_socket(std::to_string(kFirstActivatedFd + i));
            if (taken)
                return taken;
            error = taken.error();
        }
        if (current.size() == names.size())
            break;
        names.remove_prefix(current.size() + 1);
    }
    return error;
}

/// Become the owner of a socket given by number, or by the name that the service manager gave it.
inline Result<UniqueFd> take_passed_socket(std::string_view fd) {
    const bool number = fd.find_first_not_of("0123456789") == std::string_view::npos;
    return number ? take_inherited_socket(fd) : take_activated_socket(fd);
}

} // namespace iothreadd
