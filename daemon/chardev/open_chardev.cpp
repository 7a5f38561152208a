// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/open_chardev.hpp"

#include "daemon/chardev/connecting_chardev.hpp"
#include "daemon/chardev/file_chardev.hpp"
#include "daemon/chardev/listening_chardev.hpp"
#include "daemon/chardev/pty_chardev.hpp"
#include "daemon/chardev/socket_name.hpp"
#include "daemon/chardev/stdio_chardev.hpp"
#include "daemon/util/run_blocking.hpp"
#include "daemon/util/tcp_socket.hpp"
#include "daemon/util/unix_listener.hpp"

#include "qapi/char_types.hpp"
#include "qapi/sockets_types.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using Kind = qapi::ChardevBackendKind;
using Opened = Result<std::unique_ptr<Chardev>>;

/// Between two attempts to connect to somebody whose backlog is full.
constexpr std::chrono::milliseconds kBacklogRetry{20};

/// Whatever is created while it lives can be opened, or connected to, by its owner only.
class OwnerOnly {
public:
    OwnerOnly() : previous_(::umask(S_IXUSR | S_IRWXG | S_IRWXO)) {}
    ~OwnerOnly() { ::umask(previous_); }
    OwnerOnly(const OwnerOnly &) = delete;
    OwnerOnly &operator=(const OwnerOnly &) = delete;

private:
    mode_t previous_;
};

bool is_server(const qapi::ChardevSocket &socket) { return socket.server.value_or(true); }

/// Between two attempts; nothing: it is not tried again.
std::optional<std::chrono::milliseconds> reconnect_pause(const qapi::ChardevSocket &socket) {
    const std::chrono::milliseconds pause{
        socket.reconnect_ms.value_or(socket.reconnect.value_or(0) * 1000LL)};
    return pause.count() > 0 ? std::optional{pause} : std::nullopt;
}

Result<void> check(const qapi::ChardevSocket &socket) {
    if (socket.reconnect && socket.reconnect_ms)
        return generic_error("'reconnect' and 'reconnect-ms' are mutually exclusive");
    if (is_server(socket)) {
        if (reconnect_pause(socket))
            return generic_error("'reconnect' option is incompatible with socket in server listen mode");
        return {};
    }
    if (socket.wait)
        return generic_error("'wait' option is incompatible with socket in client connect mode");
    if (socket.addr.type() == qapi::SocketAddressType::fd && reconnect_pause(socket))
        return generic_error("'reconnect' option is incompatible with 'fd'");
    return {};
}

asio::awaitable<Opened> open_listener(asio::io_context &io, std::string id,
                                      const qapi::SocketAddressLegacy &address, const TakeFd &take_fd) {
    if (const auto *path =
            std::get_if<static_cast<std::size_t>(qapi::SocketAddressType::unix_)>(&address.u)) {
        const OwnerOnly mode;
        auto listener = bind_unix_listener(path->data.path);
        if (!listener)
            co_return listener.error();
        co_return std::make_unique<ListeningChardev>(io, std::move(id), std::move(*listener));
    }
    if (const auto *given = std::get_if<static_cast<std::size_t>(qapi::SocketAddressType::fd)>(&address.u)) {
        auto fd = take_stream_socket(take_fd, given->data.str, true);
        if (!fd)
            co_return fd.error();
        co_return std::make_unique<ListeningChardev>(io, std::move(id), UnixListener{std::move(*fd), {}});
    }
    const auto &inet = std::get<static_cast<std::size_t>(qapi::SocketAddressType::inet)>(address.u);
    auto listeners = co_await listen_tcp(inet.data.host, inet.data.port);
    if (!listeners)
        co_return listeners.error();
    co_return std::make_unique<ListeningChardev>(io, std::move(id), std::move(*listeners));
}

/// A full backlog is no event that could be waited for: try again until there is room.
asio::awaitable<Result<UniqueFd>> connect_unix(std::string path) {
    auto address = unix_socket_address(path);
    if (!address)
        co_return address.error();
    const auto refused = [&](int error) {
        return generic_error("Failed to connect to '{}': {}", path, std::generic_category().message(error));
    };
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd)
        co_return refused(errno);
    asio::steady_timer pause{co_await asio::this_coro::executor};
    const auto deadline = std::chrono::steady_clock::now() + kTcpConnectTimeout;
    while (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&*address), sizeof(*address)) != 0) {
        if (errno != EAGAIN)
            co_return refused(errno);
        if (std::chrono::steady_clock::now() >= deadline)
            co_return refused(ETIMEDOUT);
        pause.expires_after(kBacklogRetry);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return fd;
}

/// To an address that is no descriptor.
asio::awaitable<Result<UniqueFd>> connect_to(const qapi::SocketAddressLegacy &address) {
    if (const auto *path = std::get_if<static_cast<std::size_t>(qapi::SocketAddressType::unix_)>(&address.u))
        co_return co_await connect_unix(path->data.path);
    const auto &inet = std::get<static_cast<std::size_t>(qapi::SocketAddressType::inet)>(address.u);
    co_return co_await connect_tcp(inet.data.host, inet.data.port);
}

std::string name_of(const qapi::SocketAddressLegacy &address) {
    if (const auto *path = std::get_if<static_cast<std::size_t>(qapi::SocketAddressType::unix_)>(&address.u))
        return "unix:" + path->data.path;
    const auto &inet = std::get<static_cast<std::size_t>(qapi::SocketAddressType::inet)>(address.u);
    return fmt::format("tcp:{}:{}", inet.data.host, inet.data.port);
}

asio::awaitable<Opened> open_connection(asio::io_context &io, std::string id,
                                        const qapi::ChardevSocket &socket, const TakeFd &take_fd) {
    if (const auto *given =
            std::get_if<static_cast<std::size_t>(qapi::SocketAddressType::fd)>(&socket.addr.u)) {
        auto fd = take_stream_socket(take_fd, given->data.str, false);
        if (!fd)
            co_return fd.error();
        std::string name = peer_socket_name(fd->get());
        co_return std::make_unique<ConnectingChardev>(io, std::move(id), std::move(name), std::move(*fd),
                                                      std::nullopt);
    }
    std::string name = name_of(socket.addr);
    if (const auto pause = reconnect_pause(socket)) {
        ConnectingChardev::Reconnect again{
            .pause = *pause, .connect = [address = socket.addr] { return connect_to(address); }};
        co_return std::make_unique<ConnectingChardev>(io, std::move(id), std::move(name), UniqueFd{},
                                                      std::move(again));
    }
    auto connection = co_await connect_to(socket.addr);
    if (!connection)
        co_return connection.error();
    co_return std::make_unique<ConnectingChardev>(io, std::move(id), std::move(name), std::move(*connection),
                                                  std::nullopt);
}

asio::awaitable<Opened> open_socket(asio::io_context &io, std::string id, const qapi::ChardevSocket &socket,
                                    const TakeFd &take_fd) {
    if (auto checked = check(socket); !checked)
        co_return checked.error();
    if (!is_server(socket))
        co_return co_await open_connection(io, std::move(id), socket, take_fd);
    co_return co_await open_listener(io, std::move(id), socket.addr, take_fd);
}

asio::awaitable<Opened> open_file(asio::io_context &io, std::string id, qapi::ChardevFile file,
                                  FdStore &sets) {
    const bool append = file.append.value_or(false);
    Result<FileChardev::Files> files = generic_error("not opened");
    if (FdStore::is_set_path(file.out) || FdStore::is_set_path(file.in.value_or(""))) {
        files = FileChardev::open(file.out, file.in, append, &sets);
    } else {
        auto opening =
            run_blocking([file, append] { return FileChardev::open(file.out, file.in, append, nullptr); });
        files = co_await std::move(opening);
    }
    if (!files)
        co_return files.error();
    co_return std::make_unique<FileChardev>(io, std::move(id), "file", std::move(*files));
}

Opened open_null(asio::io_context &io, std::string id) {
    auto files = FileChardev::open("/dev/null", std::nullopt, false, nullptr);
    if (!files)
        return files.error();
    return std::make_unique<FileChardev>(io, std::move(id), "null", std::move(*files));
}

Opened open_pty(asio::io_context &io, std::string id) {
    auto terminal = PtyChardev::open();
    if (!terminal)
        return terminal.error();
    spdlog::info("chardev '{}': is {}", id, terminal->path);
    return std::make_unique<PtyChardev>(io, std::move(id), std::move(*terminal));
}

} // namespace

asio::awaitable<Opened> open_chardev(asio::io_context &io, std::string id,
                                     const qapi::ChardevBackend &backend, ChardevFds fds) {
    switch (backend.type()) {
    case Kind::file:
        co_return co_await open_file(
            io, std::move(id), std::get<static_cast<std::size_t>(Kind::file)>(backend.u).data, fds.sets);
    case Kind::null:
        co_return open_null(io, std::move(id));
    case Kind::pty:
        co_return open_pty(io, std::move(id));
    case Kind::socket: {
        const auto &socket = std::get<static_cast<std::size_t>(Kind::socket)>(backend.u).data;
        co_return co_await open_socket(io, std::move(id), socket, fds.take);
    }
    case Kind::stdio: {
        const bool signals =
            std::get<static_cast<std::size_t>(Kind::stdio)>(backend.u).data.signal.value_or(true);
        co_return std::make_unique<StdioChardev>(io, std::move(id), signals);
    }
    }
    co_return generic_error("unknown character device"); // not reached
}

bool waits_for_client(const qapi::ChardevBackend &backend) {
    const auto *socket = std::get_if<static_cast<std::size_t>(Kind::socket)>(&backend.u);
    return socket != nullptr && is_server(socket->data) && socket->data.wait.value_or(false);
}

} // namespace iothreadd
