// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/socket_name.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

namespace iothreadd {
namespace {

using NameOf = int (*)(int, sockaddr *, socklen_t *);

std::string name(int fd, NameOf name_of) {
    sockaddr_storage storage{};
    auto *const address = reinterpret_cast<sockaddr *>(&storage);
    socklen_t length = sizeof(storage);
    if (name_of(fd, address, &length) != 0)
        return "socket";
    if (storage.ss_family == AF_UNIX) {
        const auto length_of_path = std::max(length, socklen_t{sizeof(sa_family_t)}) - sizeof(sa_family_t);
        const std::string path{reinterpret_cast<const sockaddr_un *>(address)->sun_path, length_of_path};
        return "unix:" + path.substr(0, path.find('\0'));
    }
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (::getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return "socket";
    const bool brackets = storage.ss_family == AF_INET6;
    return fmt::format("tcp:{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

} // namespace

std::string local_socket_name(int fd) { return name(fd, ::getsockname); }

std::string peer_socket_name(int fd) { return name(fd, ::getpeername); }

} // namespace iothreadd
