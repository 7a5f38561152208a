// SPDX-License-Identifier: Apache-2.0
//
// NbdListener: the listening sockets of an address: one for a unix path or an inherited descriptor, one per
// resolved address for a host name.
//
// Thread: main thread.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/take_fd.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"
#include "protocol/qmp/awaitable_fwd.hpp"
#include "qapi/sockets_types.hpp"

#include <string>
#include <vector>

namespace iothreadd {

struct NbdListener {
    UniqueFd fd; ///< non-blocking
    UnixSocketFile file;
    qapi::SocketAddress address; ///< where it is bound, with the real port
};

/// Bind and listen. A name server may take its time; an `fd` address is what `take_fd` gives.
/// Errors: the texts of the NBD server's options; nothing stays bound then.
/// Shape:  at least one.
Awaitable<Result<std::vector<NbdListener>>> open_nbd_listeners(qapi::SocketAddress address, TakeFd take_fd);

} // namespace iothreadd
