// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/tcp_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

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

/// The words of getaddrinfo(), which people know.
std::string reason(const boost::system::error_code &error) {
    if (error == asio::error::host_not_found)
        return ::gai_strerror(EAI_NONAME);
    if (error == asio::error::host_not_found_try_again)
        return ::gai_strerror(EAI_AGAIN);
    if (error == asio::error::no_recovery)
        return ::gai_strerror(EAI_FAIL);
    if (error == asio::error::service_not_found)
        return ::gai_strerror(EAI_SERVICE);
    return error.message();
}

asio::awaitable<Result<TcpAddresses>> resolve(std::string host, std::string port,
                                              tcp::resolver::flags flags) {
    if (auto checked = check_port(port); !checked)
        co_return checked.error();
    tcp::resolver resolver{co_await asio::this_coro::executor};
    boost::system::error_code error;
    auto found = resolver.resolve(host, port, flags | tcp::resolver::numeric_host, error); // asks nobody
    if (error == asio::error::host_not_found)
        std::tie(error, found) = co_await resolver.async_resolve(host, port, flags, kUseTuple);
    if (error)
        co_return generic_error("address resolution failed for {}:{}: {}", host, port, reason(error));
    TcpAddresses addresses; // a name may stand in more than one place and so have an address twice
    for (const auto &entry : found)
        if (std::ranges::find(addresses, entry.endpoint()) == addresses.end())
            addresses.push_back(entry.endpoint());
    co_return addresses;
}

UniqueFd stream_socket(const tcp::endpoint &address) {
    return UniqueFd{::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
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
    auto [failure] = co_await waiting->async_wait(asio::posix::descriptor_base::wait_write, kUseTuple);
    if (failure)
        co_return failure == asio::error::operation_aborted ? ETIMEDOUT : failure.value();
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    co_return error;
}

} // namespace

asio::awaitable<Result<TcpAddresses>> resolve_tcp(std::string host, std::string port) {
    return resolve(std::move(host), std::move(port), {});
}

asio::awaitable<Result<TcpAddresses>> resolve_tcp_passive(std::string host, std::string port) {
    return resolve(std::move(host), std::move(port), tcp::resolver::passive);
}

asio::awaitable<Result<UniqueFd>> bind_tcp_listener(std::string host, std::string port) {
    auto addresses = co_await resolve_tcp_passive(host, port);
    if (!addresses)
        co_return addresses.error();
    int failure = EADDRNOTAVAIL;
    for (const tcp::endpoint &address : *addresses) {
        UniqueFd fd = stream_socket(address);
        const int on = 1;
        if (fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            ::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0 &&
            ::listen(fd.get(), SOMAXCONN) == 0)
            co_return fd;
        failure = errno;
    }
    co_return generic_error("Failed to bind socket to {}:{}: {}", host, port,
                            std::generic_category().message(failure));
}

asio::awaitable<Result<UniqueFd>> connect_tcp(std::string host, std::string port) {
    auto addresses = co_await resolve_tcp(host, port);
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
