// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_listener.hpp"

#include "daemon/util/tcp_socket.hpp"

#include <boost/asio/awaitable.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <optional>
#include <variant>

namespace iothreadd {

using qapi::SocketAddressType;

namespace {

using Listeners = Result<std::vector<NbdListener>>;

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

boost::asio::awaitable<Listeners> open_address(qapi::InetSocketAddress address) {
    auto sockets = co_await listen_tcp(address.host, address.port);
    if (!sockets)
        co_return sockets.error();
    std::vector<NbdListener> listeners;
    for (UniqueFd &fd : *sockets) {
        auto bound = to_qapi(BoundTo{fd.get()}).value();
        listeners.push_back({std::move(fd), {}, std::move(bound)});
    }
    co_return listeners;
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
