// SPDX-License-Identifier: Apache-2.0
//
// socket_name: addresses of sockets as query-chardev shows them, such as `unix:/run/q.sock` and
// `tcp:127.0.0.1:4444`.
//
// Thread: any.
#pragma once

#include <string>

namespace iothreadd {

/// Of the socket's own end.
std::string local_socket_name(int fd);

/// Of the other end.
std::string peer_socket_name(int fd);

} // namespace iothreadd
