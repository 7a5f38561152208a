// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_listener.hpp"

#include "daemon/util/inherited_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <variant>

namespace iothreadd {

using qapi::SocketAddressType;

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;
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

Listeners open_address(const qapi::FdSocketAddress &address) {
    auto fd = take_inherited_listener(address.str);
    if (!fd)
        return fd.error();
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
    qapi::SocketAddress as_given;
    as_given.u.emplace<static_cast<std::size_t>(SocketAddressType::fd)>() = {{address.str}};
    auto bound = to_qapi(BoundTo{fd->get()}).value_or(std::move(as_given));
    return single(std::move(*fd), {}, std::move(bound));
}

Result<AddressList> resolve(const qapi::InetSocketAddress &address) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    const char *const host = address.host.empty() ? nullptr : address.host.c_str();
    if (const int error = ::getaddrinfo(host, address.port.c_str(), &hints, &found); error != 0)
        return generic_error("address resolution failed for {}:{}: {}", address.host, address.port,
                             error == EAI_SYSTEM ? reason(errno) : ::gai_strerror(error));
    return AddressList{found, &::freeaddrinfo};
}

/// In network byte order.
in_port_t &port_of(sockaddr &address) {
    return address.sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 &>(address).sin6_port
                                         : reinterpret_cast<sockaddr_in &>(address).sin_port;
}

/// A socket that listens at `info`; the error is an errno.
std::variant<UniqueFd, int> listen_at(const addrinfo &info) {
    UniqueFd fd{::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info.ai_protocol)};
    const int on = 1;
    if (!fd)
        return errno;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info.ai_family == AF_INET6)
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on,
                     sizeof(on)); // 0.0.0.0 is a listener of its own
    if (::bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd.get(), SOMAXCONN) != 0)
        return errno;
    return fd;
}

/// An address of a protocol that this host does not have is left out, as long as another one works.
bool may_skip(int error_number) { return error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL; }

struct ListenFailure {
    int error_number;
};

/// A host name may stand in more than one place and so have an address twice.
bool is_repeated(const addrinfo *list, const addrinfo *info) {
    for (; list != info; list = list->ai_next) {
        if (list->ai_addrlen == info->ai_addrlen &&
            std::memcmp(list->ai_addr, info->ai_addr, info->ai_addrlen) == 0)
            return true;
    }
    return false;
}

/// One socket per address of the list; the port that the kernel chose for the first is used for the others.
/// The error is an errno.
std::variant<std::vector<NbdListener>, int> listen_at_all(const addrinfo *list) {
    std::vector<NbdListener> listeners;
    in_port_t port = 0;
    int skipped = EADDRNOTAVAIL;
    for (const addrinfo *info = list; info; info = info->ai_next) {
        if (port != 0)
            port_of(*info->ai_addr) = port;
        if (is_repeated(list, info))
            continue;
        auto opened = listen_at(*info);
        if (const int *const error_number = std::get_if<int>(&opened)) {
            if (!may_skip(*error_number))
                return *error_number;
            skipped = *error_number;
            continue;
        }
        UniqueFd fd = std::get<UniqueFd>(std::move(opened));
        BoundTo bound{fd.get()};
        port = port_of(reinterpret_cast<sockaddr &>(bound.storage));
        listeners.push_back({std::move(fd), {}, to_qapi(bound).value()});
    }
    if (listeners.empty())
        return skipped;
    return listeners;
}

/// getaddrinfo() takes any number, blanks and signs too, and cuts it to 16 bits. A service name is its
/// business.
Result<void> check_tcp_port(const std::string &port) {
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

Listeners open_address(const qapi::InetSocketAddress &address) {
    constexpr int kAttempts = 16; // a port that is free for one address may be taken for another
    if (const auto checked = check_tcp_port(address.port); !checked)
        return checked.error();
    for (int attempt = 1;; ++attempt) {
        const auto list = resolve(address);
        if (!list)
            return list.error();
        auto opened = listen_at_all(list->get());
        if (auto *const listeners = std::get_if<0>(&opened))
            return std::move(*listeners);
        const int error_number = std::get<int>(opened);
        if (error_number == EADDRINUSE && address.port == "0" && attempt < kAttempts)
            continue;
        return generic_error("Failed to bind socket to {}:{}: {}", address.host, address.port,
                             reason(error_number));
    }
}

} // namespace

Result<std::vector<NbdListener>> open_nbd_listeners(const qapi::SocketAddress &address, bool inherited_fds) {
    if (address.type() == SocketAddressType::fd && !inherited_fds)
        return generic_error("file descriptors can only be passed on the command line");
    return std::visit([](const auto &of_type) { return open_address(of_type); }, address.u);
}

} // namespace iothreadd
