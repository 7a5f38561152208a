// SPDX-License-Identifier: Apache-2.0
//
// The block drivers, one file each; this is the way from blockdev-add's options to a node of the right one.
//
// Thread: main thread.
#pragma once

#include "daemon/block/block_node.hpp"

#include <boost/asio/awaitable.hpp>

namespace iothreadd {

class FdStore;

namespace qapi {
struct BlockdevOptions;
}

/// A node that is being opened: nobody waits for a file system that does not answer but who asked.
using OpeningNode = boost::asio::awaitable<Result<std::unique_ptr<BlockNode>>>;

/// Open a node. `options`, which stay as long as that takes, have a node-name.
/// Errors: those of the driver.
OpeningNode open_block_node(IOThreadPool &iothreads, FdStore &fds, const qapi::BlockdevOptions &options);

} // namespace iothreadd
