// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_driver.hpp"

#include "daemon/block/file_node.hpp"
#include "daemon/util/run_blocking.hpp"
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

boost::asio::awaitable<Result<FileNode::File>> open_file(FileImage::Options how, FileLocks::Mode locking,
                                                         FdStore &fds) {
    if (FdStore::is_set_path(how.filename))
        co_return FileNode::open_sent(how, locking, fds);
    auto opening = run_blocking([how, locking] { return FileNode::open(how, locking); });
    co_return co_await std::move(opening);
}

} // namespace

OpeningNode open_file_node(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info,
                           const qapi::BlockdevOptions &common, const qapi::BlockdevOptionsFile &options) {
    if (options.aio == qapi::BlockdevAioOptions::io_uring && !io_uring_is_available())
        co_return generic_error(
            "aio=io_uring was specified, but is not available (disabled via io_uring_disabled sysctl "
            "or blocked by container runtime seccomp policy?)");
    info.filename = options.filename;
    const FileImage::Options how{
        .filename = info.filename, .read_only = info.read_only, .direct = info.cache_direct};
    const FileLocks::Mode locking = locking_mode(options.locking.value_or(qapi::OnOffAuto::auto_));
    const FileNode::Options of_node{.unmap = common.discard == qapi::BlockdevDiscardOptions::unmap,
                                    .never_use_ring = options.aio == qapi::BlockdevAioOptions::threads};
    auto opening = open_file(how, locking, fds);
    Result<FileNode::File> file = co_await std::move(opening);
    if (!file)
        co_return std::move(file).error();
    co_return std::unique_ptr<BlockNode>(
        std::make_unique<FileNode>(iothreads, std::move(info), std::move(*file), of_node));
}

} // namespace iothreadd
