// SPDX-License-Identifier: Apache-2.0
//
// The forms in which a chardev is described.
#include "daemon/chardev/open_chardev.hpp"

#include "qapi/char_types.hpp"
#include "qapi/monitor_types.hpp"
#include "qapi/sockets_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace iothreadd {
namespace {

using Address = qapi::SocketAddressType;
using Kind = qapi::ChardevBackendKind;

Result<qapi::SocketAddressLegacy> address_of(const qapi::ChardevSocketOptions &options) {
    const int addresses = options.path.has_value() + options.fd.has_value() + options.host.has_value();
    if (addresses > 1)
        return generic_error("None or one of 'path', 'fd' or 'host' option required.");
    if (addresses == 0)
        return generic_error("chardev: socket: one of 'path', 'fd' or 'host' is needed");
    if (options.host && !options.port)
        return generic_error("chardev: socket: no port given");
    if (!options.host && options.port)
        return generic_error("chardev: socket: 'port' goes with 'host' only");
    qapi::SocketAddressLegacy address;
    if (options.path)
        address.u.emplace<static_cast<std::size_t>(Address::unix_)>().data.path = *options.path;
    else if (options.fd)
        address.u.emplace<static_cast<std::size_t>(Address::fd)>().data.str = *options.fd;
    else
        address.u.emplace<static_cast<std::size_t>(Address::inet)>().data = {*options.host, *options.port};
    return address;
}

Result<void> nest(const qapi::ChardevSocketOptions &options, qapi::ChardevSocket &socket) {
    auto address = address_of(options);
    if (!address)
        return address.error();
    socket = {.addr = std::move(*address),
              .server = options.server.value_or(false),
              .wait = options.wait,
              .reconnect = options.reconnect,
              .reconnect_ms = options.reconnect_ms};
    return {};
}

Result<void> nest(const qapi::ChardevFileOptions &options, qapi::ChardevFile &file) {
    file = {.in = options.input_path, .out = options.path, .append = options.append};
    return {};
}

/// What has the same members in both forms.
template <class Same>
Result<void> nest(const Same &options, Same &nested) {
    nested = options;
    return {};
}

Error no_such_device(const std::string &device) {
    return generic_error("'{}' is not a valid char driver name", device);
}

/// `rest` is what follows `unix:` or `tcp:`.
Result<qapi::ChardevBackend> socket_backend(const qapi::QmpOptions &options, std::string_view kind,
                                            std::string_view rest) {
    qapi::ChardevOptions flat;
    auto &socket = flat.u.emplace<static_cast<std::size_t>(Kind::socket)>();
    socket.server = options.server;
    socket.wait = options.wait;
    socket.reconnect = options.reconnect;
    if (kind == "unix") {
        socket.path = std::string{rest};
        return chardev_backend(flat);
    }
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos)
        return generic_error("chardev: socket: no port given");
    std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2); // of IPv6, which has colons of its own
    socket.host = std::string{host};
    socket.port = std::string{rest.substr(colon + 1)};
    return chardev_backend(flat);
}

} // namespace

Result<qapi::ChardevBackend> chardev_backend(const qapi::QmpOptions &options) {
    const std::string_view device = options.device;
    const std::size_t colon = std::min(device.find(':'), device.size());
    const std::string_view kind = device.substr(0, colon);
    const std::string_view rest = device.substr(std::min(colon + 1, device.size()));
    if (kind == "unix" || kind == "tcp")
        return socket_backend(options, kind, rest);
    if (options.server || options.wait || options.reconnect)
        return generic_error("'server', 'wait' and 'reconnect' are for sockets");
    qapi::ChardevBackend backend;
    if (kind == "file" && !rest.empty())
        backend.u.emplace<static_cast<std::size_t>(Kind::file)>().data.out = std::string{rest};
    else if (device == "stdio")
        backend.u.emplace<static_cast<std::size_t>(Kind::stdio)>();
    else if (device == "pty")
        backend.u.emplace<static_cast<std::size_t>(Kind::pty)>();
    else if (device == "null")
        backend.u.emplace<static_cast<std::size_t>(Kind::null)>();
    else
        return no_such_device(options.device);
    return backend;
}

std::string with_long_flags(std::string_view value) {
    std::string written_out;
    while (!value.empty()) {
        std::size_t end = value.find(',');
        while (end != std::string_view::npos && value.substr(end + 1).starts_with(',')) // a comma in a value
            end = value.find(',', end + 2);
        std::string_view item = value.substr(0, end);
        value.remove_prefix(std::min(item.size() + 1, value.size()));
        if (!written_out.empty())
            written_out += ',';
        const bool off = item.starts_with("no");
        const std::string_view flag = item.substr(off ? 2 : 0);
        constexpr std::array<std::string_view, 4> kFlags{"server", "wait", "append", "signal"};
        if (!written_out.empty() && std::ranges::find(kFlags, flag) != kFlags.end())
            written_out += fmt::format("{}={}", flag, off ? "off" : "on");
        else
            written_out += item;
    }
    return written_out;
}

Result<qapi::ChardevBackend> chardev_backend(const qapi::ChardevOptions &options) {
    qapi::ChardevBackend backend;
    auto nested = std::visit(
        [&]<auto kind, class Flat>(const qapi::Case<kind, Flat> &flat) {
            return nest(static_cast<const Flat &>(flat),
                        backend.u.emplace<static_cast<std::size_t>(kind)>().data);
        },
        options.u);
    if (!nested)
        return nested.error();
    return backend;
}

} // namespace iothreadd
