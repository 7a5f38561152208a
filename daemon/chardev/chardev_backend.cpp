// SPDX-License-Identifier: Apache-2.0
//
// The two forms in which a chardev is described.
#include "daemon/chardev/open_chardev.hpp"

#include "qapi/char_types.hpp"
#include "qapi/sockets_types.hpp"

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

} // namespace

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
