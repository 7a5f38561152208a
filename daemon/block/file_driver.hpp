// SPDX-License-Identifier: Apache-2.0
//
// Driver `file` as blockdev-add knows it: its options, made into a FileNode.
//
// Thread: main thread.
#pragma once

#include "daemon/block/block_driver.hpp"

namespace iothreadd {

class FdStore;

namespace qapi {
struct BlockdevOptions;
struct BlockdevOptionsFile;
} // namespace qapi

/// `info` has what all drivers know.
/// Errors: FileNode::open() and open_sent(); aio=io_uring where the kernel refuses io_uring to this process.
OpeningNode open_file_node(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info,
                           const qapi::BlockdevOptions &common, const qapi::BlockdevOptionsFile &options);

} // namespace iothreadd
