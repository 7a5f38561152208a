// SPDX-License-Identifier: Apache-2.0
//
// NbdListener: the listening sockets of an address: one for a unix path or an inherited descriptor, one per
// resolved address for a host name.
//
// Thread: main thread. Resolving a name other than an IP address may block.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"
#include "qapi/sockets_types.hpp"

#include <string>
#include <vector>

namespace iothreadd {

struct NbdListener {
    UniqueFd fd; ///< non-blocking
    UnixSocketFile file;
    qapi::SocketAddress address; ///< where it is bound, with the real port
};

/// Errors: the texts of the NBD server's options; nothing stays bound then.
/// Shape:  at least one. `inherited_fds`: an `fd` address may name a descriptor of the parent's by number.
Result<std::vector<NbdListener>> open_nbd_listeners(const qapi::SocketAddress &address, bool inherited_fds);

} // namespace iothreadd
