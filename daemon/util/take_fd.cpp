// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/take_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace iothreadd {
namespace {

bool is_listening(int fd) {
    int listening = 0;
    socklen_t length = sizeof(listening);
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

bool is_connected(int fd) {
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    return ::getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &length) == 0;
}

} // namespace

Result<UniqueFd> take_stream_socket(const TakeFd &take_fd, const std::string &name, bool listening) {
    auto fd = take_fd(name);
    if (!fd)
        return fd;
    int type = 0;
    socklen_t length = sizeof(type);
    if (::getsockopt(fd->get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0)
        return generic_error("File descriptor '{}' is not a socket", name);
    if (type != SOCK_STREAM || !(listening ? is_listening(fd->get()) : is_connected(fd->get())))
        return generic_error("File descriptor '{}' is not a {} socket", name,
                             listening ? "listening" : "connected");
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
    return fd;
}

} // namespace iothreadd
