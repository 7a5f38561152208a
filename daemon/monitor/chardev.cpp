// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/chardev.hpp"

#include "daemon/util/activated_socket.hpp"
#include "daemon/util/identifier.hpp"
#include "daemon/util/tcp_socket.hpp"
#include "daemon/util/thread.hpp"

#include "qapi/char_types.hpp"

#include <spdlog/spdlog.h>

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace iothreadd {
namespace {

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

Result<void> check(const qapi::ChardevSocketOptions &options) {
    const int addresses = options.path.has_value() + options.fd.has_value() + options.host.has_value();
    if (addresses > 1)
        return generic_error("None or one of 'path', 'fd' or 'host' option required.");
    if (addresses == 0)
        return generic_error("chardev: socket: one of 'path', 'fd' or 'host' is needed");
    if (options.host.has_value() && !options.port.has_value())
        return generic_error("chardev: socket: no port given");
    if (!options.host.has_value() && options.port.has_value())
        return generic_error("chardev: socket: 'port' goes with 'host' only");
    if (options.server.value_or(false))
        return {};
    if (options.wait.has_value())
        return generic_error("'wait' option is incompatible with socket in client connect mode");
    if (options.fd.has_value())
        return generic_error("'fd' option is incompatible with socket in client connect mode");
    return {};
}

Result<UnixListener> open_listener(const qapi::ChardevSocketOptions &options) {
    if (options.path) {
        const OwnerOnly mode;
        return bind_unix_listener(*options.path);
    }
    auto fd = options.fd ? take_listener(*options.fd) : bind_tcp_listener(*options.host, *options.port);
    if (!fd)
        return fd.error();
    return UnixListener{std::move(*fd), {}};
}

Result<UniqueFd> connect_unix(const std::string &path) {
    auto address = unix_socket_address(path);
    if (!address)
        return address.error();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr *>(&*address), sizeof(*address)) != 0)
        return generic_error("Failed to connect to '{}': {}", path, std::generic_category().message(errno));
    return fd;
}

/// Wait until somebody connected, or a signal came; the connection stays in the backlog until the main loop
/// runs.
void wait_for_client(const std::string &id, const UniqueFd &listener) {
    spdlog::info("chardev '{}': waiting for a connection", id);
    pollfd waiting{.fd = listener.get(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, -1);
}

} // namespace

Result<void> ChardevRegistry::add(const qapi::ChardevOptions &options) {
    assert_main_thread();
    if (auto checked = check_identifier("id", options.id); !checked)
        return checked;
    if (find(options.id) != nullptr)
        return generic_error("Chardev with id '{}' already exists", options.id);

    const auto &socket = std::get<0>(options.u);
    static_assert(std::variant_size_v<decltype(options.u)> == 1);
    if (auto checked = check(socket); !checked)
        return checked;
    Chardev chardev{.id = options.id};
    if (socket.server.value_or(false)) {
        auto listener = open_listener(socket);
        if (!listener)
            return listener.error();
        chardev.listener = std::move(*listener);
        if (socket.wait.value_or(false))
            wait_for_client(chardev.id, chardev.listener.fd);
    } else {
        auto connection = socket.path ? connect_unix(*socket.path) : connect_tcp(*socket.host, *socket.port);
        if (!connection)
            return connection.error();
        chardev.connection = std::move(*connection);
    }
    chardevs_.push_back(std::make_unique<Chardev>(std::move(chardev)));
    return {};
}

void ChardevRegistry::stop_listening() {
    assert_main_thread();
    for (const auto &chardev : chardevs_)
        chardev->listener = {};
}

Chardev *ChardevRegistry::find(std::string_view id) const {
    const auto found = std::ranges::find_if(chardevs_, [id](const auto &chardev) { return chardev->id == id; });
    return found == chardevs_.end() ? nullptr : found->get();
}

} // namespace iothreadd
