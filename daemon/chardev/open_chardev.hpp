// SPDX-License-Identifier: Apache-2.0
//
// open_chardev: makes a chardev of what the schema calls a backend.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/chardev.hpp"
#include "daemon/util/take_fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class FdStore;

namespace qapi {
struct ChardevBackend;
} // namespace qapi

/// What sockets and files that others opened are taken from.
struct ChardevFds {
    TakeFd take;
    FdStore &sets;
};

/// Open it. Name servers and peers may take their time.
/// Errors: what the kernel, or somebody to connect to, refuses; options that contradict each other.
boost::asio::awaitable<Result<std::unique_ptr<Chardev>>> open_chardev(boost::asio::io_context &io,
                                                                      std::string id,
                                                                      const qapi::ChardevBackend &backend,
                                                                      ChardevFds fds);

/// Whether the first client is to be waited for.
bool waits_for_client(const qapi::ChardevBackend &backend);

} // namespace iothreadd
