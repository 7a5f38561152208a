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

Result<FileLocks> lock_image(const FileImage &image, const std::string &filename, FileLocks::Mode mode) {
    FileLocks locks{image.fd.get(), mode, filename};
    if (Result<void> locked = locks.update(kAlways); !locked)
        return std::move(locked).error();
    return locks;
}

/// With the size and the limits of the image.
BlockNodeInfo measured(BlockNodeInfo info, const FileImage &image) {
    info.size_bytes = image.size_bytes;
    info.limits = image.limits;
    return info;
}

} // namespace

Result<FileNode::File> FileNode::open(const FileImage::Options &how, FileLocks::Mode locking) {
    Result<FileImage> image = FileImage::open(how);
    if (!image)
        return std::move(image).error();
    Result<FileLocks> locks = lock_image(*image, how.filename, locking);
    if (!locks)
        return std::move(locks).error();
    return File{.use = {}, .image = std::move(*image), .locks = std::move(*locks)};
}

Result<FileNode::File> FileNode::open_sent(const FileImage::Options &how, FileLocks::Mode locking,
                                           FdStore &fds) {
    if (!FdStore::set_of(how.filename))
        return generic_error("Could not parse fdset {}", how.filename);
    const int access = how.read_only ? O_RDONLY : O_RDWR;
    FdSetFile sent = fds.duplicate(how.filename, access);
    if (!sent.fd)
        return generic_error("Could not dup FD for {} flags {:x}: {}", how.filename,
                             static_cast<unsigned>(access | (how.direct ? O_DIRECT : 0)),
                             std::strerror(sent.error));
    Result<FileImage> image = FileImage::adopt(std::move(sent.fd), how);
    if (!image)
        return std::move(image).error();
    Result<FileLocks> locks = lock_image(*image, how.filename, locking);
    if (!locks)
        return std::move(locks).error();
    // At last: its flags are also those of what the client has.
    if (Result<void> prepared = image->prepare(how); !prepared)
        return std::move(prepared).error();
    return File{.use = std::move(sent.use), .image = std::move(*image), .locks = std::move(*locks)};
}

FileNode::FileNode(IOThreadPool &iothreads, BlockNodeInfo info, File file, const Options &options)
    : BlockNode(iothreads, measured(std::move(info), file.image)),
      options_(options),
      file_(std::move(file)) {}

std::uint64_t FileNode::allocated_bytes() const {
    struct stat status {};
    if (::fstat(fd(), &status) != 0)
        return 0;
    return static_cast<std::uint64_t>(status.st_blocks) *
           512; // st_blocks counts these, whatever the file system
}

Result<void> FileNode::update_permissions(BlockPermissions permissions) {
    return file_.locks.update(permissions | kAlways);
}

FileIo::Target FileNode::target() const {
    return {.fd = fd(),
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
