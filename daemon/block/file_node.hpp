// SPDX-License-Identifier: Apache-2.0
//
// FileNode: driver `file`, an image in a regular file. Requests run in the ring of the AioContext that
// submits them, or in its thread pool where it has no ring; nothing is shared between requests but what
// FileRequest says.
//
// Thread: as BlockNode.  Source: QEMU's file driver (file-posix).
#pragma once

#include "daemon/block/block_node.hpp"
#include "daemon/block/file_image.hpp"
#include "daemon/block/file_io.hpp"
#include "daemon/block/file_locks.hpp"
#include "daemon/block/overlap_guard.hpp"
#include "daemon/util/fd_store.hpp"

#include <atomic>

namespace iothreadd {

class FileNode final : public BlockNode {
public:
    struct Options {
        bool unmap = false;          ///< discard deallocates; else it does nothing
        bool never_use_ring = false; ///< aio=threads
    };

    /// An image that is open and locked, and whose it was.
    struct File {
        FdSetUse use; ///< of the fd set that it is from, if it is
        FileImage image;
        FileLocks locks;
    };

    /// Opens, measures and locks an image. It may take long. Any thread.
    /// Errors: FileImage::open(), FileLocks::update().
    static Result<File> open(const FileImage::Options &how, FileLocks::Mode locking);
    /// The same for one of `fds`, named /dev/fdset/N.
    /// Errors: `Could not parse fdset P`, `Could not dup FD for P flags HEX: REASON`; as above.
    static Result<File> open_sent(const FileImage::Options &how, FileLocks::Mode locking, FdStore &fds);

    /// `info` says all but size and limits.
    FileNode(IOThreadPool &iothreads, BlockNodeInfo info, File file, const Options &options);

    std::uint64_t allocated_bytes() const override;

protected:
    void start(BlockRequest &request) override;
    Result<void> update_permissions(BlockPermissions permissions) override;

private:
    friend class FileRequest;

    FileIo::Target target() const;
    OverlapGuard &overlap_guard() { return overlap_guard_; }
    bool may_deallocate() const { return options_.unmap; }

    bool knows_zero_range() const { return knows_zero_range_.load(std::memory_order_relaxed); }
    void note_no_zero_range() { knows_zero_range_.store(false, std::memory_order_relaxed); }
    void note_sync_failure(int result);

    int fd() const { return file_.image.fd.get(); }

    const Options options_;
    File file_;
    OverlapGuard overlap_guard_;
    std::atomic<bool> knows_zero_range_ = true;
    /// Once the page cache could not be written, nobody knows which of its pages were lost, and the kernel
    /// forgets: every later flush fails as well.
    std::atomic<int> sync_failure_ = 0;
};

} // namespace iothreadd
