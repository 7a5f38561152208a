// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_driver.hpp"

#include "daemon/block/file_node.hpp"
#include "qapi/block_core_types.hpp"

#include <liburing.h>

namespace iothreadd {
namespace {

bool io_uring_is_available() {
    io_uring ring{};
    if (io_uring_queue_init(1, &ring, 0) != 0)
        return false;
    io_uring_queue_exit(&ring);
    return true;
}

FileLocks::Mode locking_mode(qapi::OnOffAuto locking) {
    switch (locking) {
    case qapi::OnOffAuto::on:
        return FileLocks::Mode::on;
    case qapi::OnOffAuto::off:
        return FileLocks::Mode::off;
    case qapi::OnOffAuto::auto_:
        break;
    }
    return FileLocks::Mode::automatic;
}

} // namespace

Result<std::unique_ptr<BlockNode>> open_file_node(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info,
                                                  const qapi::BlockdevOptions &common,
                                                  const qapi::BlockdevOptionsFile &options) {
    if (options.aio == qapi::BlockdevAioOptions::io_uring && !io_uring_is_available())
        return generic_error(
            "aio=io_uring was specified, but is not available (disabled via io_uring_disabled sysctl "
            "or blocked by container runtime seccomp policy?)");
    info.filename = options.filename;
    Result<std::unique_ptr<FileNode>> node =
        FileNode::open(iothreads, fds, std::move(info),
                       {.unmap = common.discard == qapi::BlockdevDiscardOptions::unmap,
                        .never_use_ring = options.aio == qapi::BlockdevAioOptions::threads,
                        .locking = locking_mode(options.locking.value_or(qapi::OnOffAuto::auto_))});
    if (!node)
        return std::move(node).error();
    return std::unique_ptr<BlockNode>(std::move(*node));
}

} // namespace iothreadd
