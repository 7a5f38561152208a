// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/tcp_socket.hpp"

#include "daemon/util/name_lookup.hpp"
#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>
#include <variant>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// getaddrinfo() takes any number, blanks and signs too, and cuts it to 16 bits. A service name is its
/// business.
Result<void> check_port(const std::string &port) {
    constexpr std::uint32_t kLargest = 65535;
    if (!port.empty() && std::isalpha(static_cast<unsigned char>(port.front())))
        return {};
    std::uint32_t number = 0;
    const char *const end = port.data() + port.size();
    const auto [rest, error] = std::from_chars(port.data(), end, number);
    if (error != std::errc{} || rest != end || number > kLargest)
        return generic_error("Invalid port '{}': must be a number from 0 to {}", port, kLargest);
    return {};
}

/// What host and port stand for, to connect to or to listen at.
asio::awaitable<Result<TcpAddresses>> resolve(std::string host, std::string port, int flags) {
    if (auto checked = check_port(port); !checked)
        co_return checked.error();
    auto addresses = co_await look_up_host(host, port, flags);
    if (!addresses)
        co_return generic_error("address resolution failed for {}:{}: {}", host, port,
                                addresses.error().desc);
    co_return addresses;
}

UniqueFd stream_socket(const tcp::endpoint &address) {
    return UniqueFd{::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

/// A socket that listens at `address`; the error is an errno.
std::variant<UniqueFd, int> listen_at(const tcp::endpoint &address) {
    UniqueFd fd = stream_socket(address);
    const int on = 1;
    if (!fd)
        return errno;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.protocol() == tcp::v6())
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on,
                     sizeof(on)); // 0.0.0.0 is a listener of its own
    if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 ||
        ::listen(fd.get(), SOMAXCONN) != 0)
        return errno;
    return fd;
}

/// An address of a protocol that this host does not have is left out, as long as another one works.
bool may_skip(int error_number) { return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL; }

std::uint16_t port_of(const UniqueFd &socket) {
    tcp::endpoint bound;
    auto length = static_cast<socklen_t>(bound.capacity());
    ::getsockname(socket.get(), bound.data(), &length);
    return bound.port();
}

/// One socket per address; the port that the kernel chose for the first is used for the others.
/// The error is an errno.
std::variant<std::vector<UniqueFd>, int> listen_at_all(const TcpAddresses &addresses) {
    std::vector<UniqueFd> listeners;
    int skipped = EADDRNOTAVAIL;
    for (tcp::endpoint address : addresses) {
        if (!listeners.empty())
            address.port(port_of(listeners.front()));
        auto opened = listen_at(address);
        if (auto *const listener = std::get_if<UniqueFd>(&opened)) {
            listeners.push_back(std::move(*listener));
            continue;
        }
        skipped = std::get<int>(opened);
        if (!may_skip(skipped))
            return skipped;
    }
    if (listeners.empty())
        return skipped;
    return listeners;
}

/// Connect a non-blocking socket; 0 or an errno value.
asio::awaitable<int> connect_within(const UniqueFd &socket, const tcp::endpoint &address) {
    if (::connect(socket.get(), address.data(), static_cast<socklen_t>(address.size())) == 0)
        co_return 0;
    if (errno != EINPROGRESS)
        co_return errno;
    UniqueFd copy{::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0)};
    if (!copy)
        co_return errno;
    const auto executor = co_await asio::this_coro::executor;
    const auto waiting = std::make_shared<asio::posix::stream_descriptor>(executor);
    waiting->assign(copy.get());
    (void)copy.release();
    asio::steady_timer timeout{executor, kTcpConnectTimeout};
    timeout.async_wait([late = std::weak_ptr{waiting}](const boost::system::error_code &error) {
        const auto descriptor = late.lock(); // gone when both were ready at once
        if (!error && descriptor)
            descriptor->cancel();
    });
    const bool in_time = co_await become_ready(*waiting, POLLOUT);
    close_watched(*waiting);
    if (!in_time)
        co_return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    co_return error;
}

} // namespace

asio::awaitable<Result<std::vector<UniqueFd>>> listen_tcp(std::string host, std::string port) {
    constexpr int kAttempts = 16; // a port that is free for one address may be taken for another
    auto addresses = co_await resolve(host, port, AI_PASSIVE);
    if (!addresses)
        co_return addresses.error();
    for (int attempt = 1;; ++attempt) {
        auto opened = listen_at_all(*addresses);
        if (auto *const listeners = std::get_if<0>(&opened))
            co_return std::move(*listeners);
        const int error_number = std::get<int>(opened);
        if (error_number == EADDRINUSE && port == "0" && attempt < kAttempts)
            continue;
        co_return generic_error("Failed to bind socket to {}:{}: {}", host, port,
                                std::generic_category().message(error_number));
    }
}

asio::awaitable<Result<UniqueFd>> connect_tcp(std::string host, std::string port) {
    auto addresses = co_await resolve(host, port, 0);
    if (!addresses)
        co_return addresses.error();
    int failure = EADDRNOTAVAIL;
    for (const tcp::endpoint &address : *addresses) {
        UniqueFd fd = stream_socket(address);
        failure = fd ? co_await connect_within(fd, address) : errno;
        if (failure == 0)
            co_return fd;
    }
    co_return generic_error("Failed to connect to '{}:{}': {}", host, port,
                            std::generic_category().message(failure));
}

} // namespace iothreadd
