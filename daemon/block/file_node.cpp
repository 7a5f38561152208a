// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_node.hpp"

#include "daemon/block/file_request.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cassert>
#include <cstring>

namespace iothreadd {
namespace {

/// What every node needs, also without users: that the image is not half-way through something.
constexpr BlockPermissions kAlways{.held = BlockPermissions::kConsistentRead};

/// Open `/dev/fdset/N`.
Result<FileImage> open_from_set(const FileImage::Options &how, FdStore &fds, FdSetUse &use) {
    if (!FdStore::set_of(how.filename))
        return generic_error("Could not parse fdset {}", how.filename);
    const int access = how.read_only ? O_RDONLY : O_RDWR;
    FdSetFile file = fds.duplicate(how.filename, access);
    if (!file.fd)
        return generic_error("Could not dup FD for {} flags {:x}: {}", how.filename,
                             static_cast<unsigned>(access | (how.direct ? O_DIRECT : 0)),
                             std::strerror(file.error));
    use = std::move(file.use);
    return FileImage::adopt(std::move(file.fd), how);
}

} // namespace

Result<std::unique_ptr<FileNode>> FileNode::open(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info,
                                                 const Options &options) {
    const FileImage::Options how{
        .filename = info.filename, .read_only = info.read_only, .direct = info.cache_direct};
    const bool is_sent = FdStore::is_set_path(info.filename);
    FdSetUse use;
    Result<FileImage> image = is_sent ? open_from_set(how, fds, use) : FileImage::open(how);
    if (!image)
        return std::move(image).error();
    FileLocks locks{image->fd.get(), options.locking, info.filename};
    if (Result<void> locked = locks.update(kAlways); !locked)
        return std::move(locked).error();
    if (is_sent) // at last: its flags are also those of what the client has
        if (Result<void> prepared = image->prepare(how); !prepared)
            return std::move(prepared).error();
    info.size_bytes = image->size_bytes;
    info.limits = image->limits;
    return std::make_unique<FileNode>(iothreads, std::move(info), std::move(*image), std::move(use),
                                      std::move(locks), options);
}

FileNode::FileNode(IOThreadPool &iothreads, BlockNodeInfo info, FileImage image, FdSetUse use,
                   FileLocks locks, const Options &options)
    : BlockNode(iothreads, std::move(info)),
      options_(options),
      use_(std::move(use)),
      fd_(std::move(image.fd)),
      locks_(std::move(locks)) {}

std::uint64_t FileNode::allocated_bytes() const {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0)
        return 0;
    return static_cast<std::uint64_t>(status.st_blocks) *
           512; // st_blocks counts these, whatever the file system
}

Result<void> FileNode::update_permissions(BlockPermissions permissions) {
    return locks_.update(permissions | kAlways);
}

FileIo::Target FileNode::target() const {
    return {.fd = fd_.get(),
            .alignment = info().cache_direct ? request_alignment() : 1,
            .use_ring = !options_.never_use_ring};
}

void FileNode::note_sync_failure(int result) {
    if (!info().cache_direct)
        sync_failure_.store(result, std::memory_order_relaxed);
}

void FileNode::start(BlockRequest &request) {
    if (request.op == BlockOp::flush) {
        if (info().cache_no_flush)
            return finish_later(request, 0);
        if (const int failure = sync_failure_.load(std::memory_order_relaxed); failure != 0)
            return finish_later(request, failure);
    }
    if (request.op == BlockOp::discard && !options_.unmap)
        return finish_later(request, 0);
    request.emplace_driver_state<FileRequest>(*this, request, *AioContext::current()).start();
}

} // namespace iothreadd
