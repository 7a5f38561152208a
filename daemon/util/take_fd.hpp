// SPDX-License-Identifier: Apache-2.0
//
// TakeFd: where a descriptor with a name comes from: the program inherited it, or a client sent it.
//
// Thread: main thread.
#pragma once

#include "daemon/util/inherited_socket.hpp"
#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace iothreadd {

/// Become the owner of the descriptor; nobody can take it a second time.
/// Errors: there is none of that name.
using TakeFd = std::function<Result<UniqueFd>(std::string_view)>;

/// Take a stream socket that listens, or one that is connected; it becomes non-blocking.
/// Errors: those of `take_fd`; it is something else, and closed then.
inline Result<UniqueFd> take_stream_socket(const TakeFd &take_fd, const std::string &name, bool listening) {
    auto fd = take_fd(name);
    if (!fd)
        return fd;
    int type = 0;
    socklen_t length = sizeof(type);
    if (::getsockopt(fd->get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0)
        return generic_error("File descriptor '{}' is not a socket", name);
    if (type != SOCK_STREAM || is_listening(fd->get()) != listening)
        return generic_error("File descriptor '{}' is not a {} socket", name,
                             listening ? "listening" : "connected");
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
    return fd;
}

} // namespace iothreadd
