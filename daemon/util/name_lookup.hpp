// SPDX-License-Identifier: Apache-2.0
//
// look_up_host: getaddrinfo() for coroutines. A name server may take its time; nobody else waits for it.
//
// Thread: the coroutine's.  Source: getaddrinfo(3).
#pragma once

#include "daemon/util/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace iothreadd {

using TcpAddresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// What host and port stand for: at least one address, each once. An address and a port number are not looked
/// up: then it returns without waiting.
/// Shape:  `flags` as in addrinfo, such as AI_PASSIVE; an empty host is none.
/// Errors: the words of gai_strerror(), and those of run_blocking().
boost::asio::awaitable<Result<TcpAddresses>> look_up_host(std::string host, std::string port, int flags);

} // namespace iothreadd
