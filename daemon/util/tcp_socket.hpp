// SPDX-License-Identifier: Apache-2.0
//
// TCP sockets as the command line and QMP name them: host and port are texts, either may be a name. Resolving
// and connecting block, so this is for start-up and for addresses that need no name server.
//
// Thread: main thread.  Source: getaddrinfo(3); error texts are QEMU's.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace iothreadd {

/// How long start-up waits for a peer that does not answer at all.
inline constexpr int kTcpConnectTimeoutMs = 10'000;

namespace tcp_socket_detail {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

inline Result<AddressList> resolve(const std::string &host, const std::string &port, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
    if (error != 0)
        return generic_error("address resolution failed for {}:{}: {}", host, port, ::gai_strerror(error));
    return AddressList{found, &::freeaddrinfo};
}

inline UniqueFd stream_socket(const addrinfo &address) {
    return UniqueFd{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// Connect a non-blocking socket; 0 or an errno value.
inline int connect_within(int fd, const addrinfo &address, int timeout_ms) {
    if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&waiting, 1, timeout_ms);
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

} // namespace tcp_socket_detail

/// Bind and listen at the first address of `host` (empty: every address) that is free; the descriptor is
/// non-blocking.
/// Errors: `address resolution failed for H:P: REASON`, `Failed to bind socket to H:P: REASON`.
inline Result<UniqueFd> bind_tcp_listener(const std::string &host, const std::string &port,
                                          int backlog = SOMAXCONN) {
    auto addresses = tcp_socket_detail::resolve(host, port, AI_PASSIVE);
    if (!addresses)
        return addresses.error();
    int error = EADDRNOTAVAIL;
    for (const addrinfo *address = addresses->get(); address != nullptr; address = address->ai_next) {
        UniqueFd fd = tcp_socket_detail::stream_socket(*address);
        const int on = 1;
        if (fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            ::bind(fd.get(), address->ai_addr, address->ai_addrlen) == 0 && ::listen(fd.get(), backlog) == 0)
            return fd;
        error = errno;
    }
    return generic_error("Failed to bind socket to {}:{}: {}", host, port,
                         std::generic_category().message(error));
}

/// Connect to the first address of `host` that answers; the descriptor is non-blocking.
/// Errors: `address resolution failed for H:P: REASON`, `Failed to connect to 'H:P': REASON`.
inline Result<UniqueFd> connect_tcp(const std::string &host, const std::string &port) {
    auto addresses = tcp_socket_detail::resolve(host, port, 0);
    if (!addresses)
        return addresses.error();
    int error = EADDRNOTAVAIL;
    for (const addrinfo *address = addresses->get(); address != nullptr; address = address->ai_next) {
        UniqueFd fd = tcp_socket_detail::stream_socket(*address);
        error = fd ? tcp_socket_detail::connect_within(fd.get(), *address, kTcpConnectTimeoutMs) : errno;
        if (error == 0)
            return fd;
    }
    return generic_error("Failed to connect to '{}:{}': {}", host, port,
                         std::generic_category().message(error));
}

} // namespace iothreadd
