// SPDX-License-Identifier: Apache-2.0
//
// inherited_socket: takes over a socket that the parent left open across exec and named by its
// number. Descriptors of ours are CLOEXEC from birth, so one without that flag was inherited, and one with it
// is taken.
//
// Thread: main thread, while the command line is processed.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <charconv>
#include <string_view>

namespace iothreadd {

/// Become the owner of inherited descriptor `text`, a decimal number.
/// Errors: `Unable to parse FD number X`, `File descriptor 'X' is not a socket`, already in use.
inline Result<UniqueFd> take_inherited_socket(std::string_view text) {
    int fd = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
    if (error != std::errc{} || end != text.data() + text.size() || fd < 0)
        return generic_error("Unable to parse FD number {}", text);
    int type = 0;
    socklen_t length = sizeof(type);
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0)
        return generic_error("File descriptor '{}' is not a socket", text);
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)
        return generic_error("File descriptor '{}' is already in use", text);
    ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    return UniqueFd{fd};
}

} // namespace iothreadd
