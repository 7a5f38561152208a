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
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace iothreadd {

/// How long one address may take to answer connect_tcp().
inline constexpr std::chrono::seconds kTcpConnectTimeout{10};

using TcpAddresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// What host and port stand for: at least one address, each once.
/// Errors: `Invalid port 'P': ...`, `address resolution failed for H:P: REASON`.
boost::asio::awaitable<Result<TcpAddresses>> resolve_tcp(std::string host, std::string port);

/// The same to listen at: an empty host is every address of this machine.
boost::asio::awaitable<Result<TcpAddresses>> resolve_tcp_passive(std::string host, std::string port);

/// Bind and listen at the first address of `host` that is free; the descriptor is non-blocking.
/// Errors: those of resolve_tcp(), `Failed to bind socket to H:P: REASON`.
boost::asio::awaitable<Result<UniqueFd>> bind_tcp_listener(std::string host, std::string port);

/// Connect to the first address of `host` that answers; the descriptor is non-blocking.
/// Errors: those of resolve_tcp(), `Failed to connect to 'H:P': REASON`.
boost::asio::awaitable<Result<UniqueFd>> connect_tcp(std::string host, std::string port);

} // namespace iothreadd
