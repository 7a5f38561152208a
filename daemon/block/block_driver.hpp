// SPDX-License-Identifier: Apache-2.0
//
// The block drivers, one file each; this is the way from blockdev-add's options to a node of the right one.
//
// Thread: main thread.
#pragma once

#include "daemon/block/block_node.hpp"

namespace iothreadd {

class FdStore;

namespace qapi {
struct BlockdevOptions;
}

/// Open a node. `options` has a node-name.
/// Errors: those of the driver.
Result<std::unique_ptr<BlockNode>> open_block_node(IOThreadPool &iothreads, FdStore &fds,
                                                   const qapi::BlockdevOptions &options);

} // namespace iothreadd
