// SPDX-License-Identifier: Apache-2.0
//
// TCP sockets as the command line and QMP name them: host and port are texts, either may be a name. A name
// server may take its time: coroutines wait for it, nobody else does.
//
// Thread: the coroutine's.  Source: getaddrinfo(3); error texts are QEMU's.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace iothreadd {

/// How long one address may take to answer connect_tcp().
inline constexpr std::chrono::seconds kTcpConnectTimeout{10};

/// Bind and listen at every address of `host`, all with the same port; an empty host is every address of this
/// machine, and addresses that it does not have are left out. The descriptors are non-blocking.
/// Shape:  at least one.
/// Errors: `Invalid port 'P': ...`, `address resolution failed for H:P: REASON`, `Failed to bind socket to
/// H:P: REASON`; nothing stays bound then.
boost::asio::awaitable<Result<std::vector<UniqueFd>>> listen_tcp(std::string host, std::string port);

/// Connect to the first address of `host` that answers; the descriptor is non-blocking.
/// Errors: the first two of listen_tcp(), `Failed to connect to 'H:P': REASON`.
boost::asio::awaitable<Result<UniqueFd>> connect_tcp(std::string host, std::string port);

} // namespace iothreadd
