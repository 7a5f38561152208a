// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_listener.hpp"

#include "daemon/util/tcp_socket.hpp"

#include <boost/asio/awaitable.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <variant>

namespace iothreadd {

using qapi::SocketAddressType;

namespace {

using boost::asio::ip::tcp;
using Listeners = Result<std::vector<NbdListener>>;

std::string reason(int error_number) { return std::generic_category().message(error_number); }

qapi::SocketAddress inet_address(std::string host, std::string port) {
    qapi::SocketAddress address;
    address.u.emplace<static_cast<std::size_t>(SocketAddressType::inet)>() = {
        {std::move(host), std::move(port)}};
    return address;
}

qapi::SocketAddress unix_address(std::string path) {
    qapi::SocketAddress address;
    address.u.emplace<static_cast<std::size_t>(SocketAddressType::unix_)>() = {{std::move(path)}};
    return address;
}

struct BoundTo {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof(storage);

    explicit BoundTo(int fd) { ::getsockname(fd, reinterpret_cast<sockaddr *>(&storage), &bytes); }
    const sockaddr *address() const { return reinterpret_cast<const sockaddr *>(&storage); }
    /// Of a TCP socket.
    std::uint16_t port() const {
        const bool ipv6 = storage.ss_family == AF_INET6;
        return ntohs(ipv6 ? reinterpret_cast<const sockaddr_in6 *>(&storage)->sin6_port
                          : reinterpret_cast<const sockaddr_in *>(&storage)->sin_port);
    }
};

/// Nothing for an address without a form of its own in QMP.
std::optional<qapi::SocketAddress> to_qapi(const BoundTo &bound) {
    if (bound.storage.ss_family == AF_UNIX) {
        const std::string path = reinterpret_cast<const sockaddr_un *>(bound.address())->sun_path;
        return path.empty() ? std::nullopt : std::optional{unix_address(path)};
    }
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (::getnameinfo(bound.address(), bound.bytes, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return std::nullopt;
    return inet_address(host, port);
}

Listeners single(UniqueFd fd, UnixSocketFile file, qapi::SocketAddress address) {
    std::vector<NbdListener> listeners;
    listeners.push_back({std::move(fd), std::move(file), std::move(address)});
    return listeners;
}

Listeners open_address(const qapi::UnixSocketAddress &address) {
    auto listener = bind_unix_listener(address.path);
    if (!listener)
        return listener.error();
    return single(std::move(listener->fd), std::move(listener->file), unix_address(address.path));
}

Listeners open_address(const qapi::FdSocketAddress &address, const TakeFd &take_fd) {
    auto fd = take_stream_socket(take_fd, address.str, /*listening=*/true);
    if (!fd)
        return fd.error();
    qapi::SocketAddress as_given;
    as_given.u.emplace<static_cast<std::size_t>(SocketAddressType::fd)>() = {{address.str}};
    auto bound = to_qapi(BoundTo{fd->get()}).value_or(std::move(as_given));
    return single(std::move(*fd), {}, std::move(bound));
}

/// A socket that listens at `address`; the error is an errno.
std::variant<UniqueFd, int> listen_at(const tcp::endpoint &address) {
    const int family = address.protocol().family();
    UniqueFd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int on = 1;
    if (!fd)
        return errno;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (family == AF_INET6)
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on,
                     sizeof(on)); // 0.0.0.0 is a listener of its own
    if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 ||
        ::listen(fd.get(), SOMAXCONN) != 0)
        return errno;
    return fd;
}

/// An address of a protocol that this host does not have is left out, as long as another one works.
bool may_skip(int error_number) { return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL; }

/// One socket per address; the port that the kernel chose for the first is used for the others.
/// The error is an errno.
std::variant<std::vector<NbdListener>, int> listen_at_all(const TcpAddresses &addresses) {
    std::vector<NbdListener> listeners;
    std::optional<std::uint16_t> port;
    int skipped = EADDRNOTAVAIL;
    for (tcp::endpoint address : addresses) {
        if (port)
            address.port(*port);
        auto opened = listen_at(address);
        if (const int *const error_number = std::get_if<int>(&opened)) {
            if (!may_skip(*error_number))
                return *error_number;
            skipped = *error_number;
            continue;
        }
        UniqueFd fd = std::get<UniqueFd>(std::move(opened));
        const BoundTo bound{fd.get()};
        port = bound.port();
        listeners.push_back({std::move(fd), {}, to_qapi(bound).value()});
    }
    if (listeners.empty())
        return skipped;
    return listeners;
}

boost::asio::awaitable<Listeners> open_address(qapi::InetSocketAddress address) {
    constexpr int kAttempts = 16; // a port that is free for one address may be taken for another
    auto addresses = co_await resolve_tcp_passive(address.host, address.port);
    if (!addresses)
        co_return addresses.error();
    for (int attempt = 1;; ++attempt) {
        auto opened = listen_at_all(*addresses);
        if (auto *const listeners = std::get_if<0>(&opened))
            co_return std::move(*listeners);
        const int error_number = std::get<int>(opened);
        if (error_number == EADDRINUSE && address.port == "0" && attempt < kAttempts)
            continue;
        co_return generic_error("Failed to bind socket to {}:{}: {}", address.host, address.port,
                                reason(error_number));
    }
}

} // namespace

Awaitable<Listeners> open_nbd_listeners(qapi::SocketAddress address, TakeFd take_fd) {
    constexpr auto kUnix = static_cast<std::size_t>(SocketAddressType::unix_);
    constexpr auto kFd = static_cast<std::size_t>(SocketAddressType::fd);
    if (const auto *const path = std::get_if<kUnix>(&address.u))
        co_return open_address(*path);
    if (const auto *const fd = std::get_if<kFd>(&address.u))
        co_return open_address(*fd, take_fd);
    const auto &inet = std::get<static_cast<std::size_t>(SocketAddressType::inet)>(address.u);
    co_return co_await open_address(inet);
}

} // namespace iothreadd
