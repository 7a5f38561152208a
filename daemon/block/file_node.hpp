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
        FileLocks::Mode locking = FileLocks::Mode::automatic;
    };

    /// Opens, measures and locks the image; `fds` has those named /dev/fdset/N. `info` says all but size and
    /// limits.
    /// Errors: FileImage::open(), FileLocks::update(); `Could not parse fdset P`, `Could not dup FD for P
    /// flags HEX: REASON`.
    static Result<std::unique_ptr<FileNode>> open(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info,
                                                  const Options &options);

    FileNode(IOThreadPool &iothreads, BlockNodeInfo info, FileImage image, FdSetUse use, FileLocks locks,
             const Options &options);

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

    const Options options_;
    const FdSetUse use_; ///< of the fd set that fd_ is from, if it is
    const UniqueFd fd_;
    FileLocks locks_;
    OverlapGuard overlap_guard_;
    std::atomic<bool> knows_zero_range_ = true;
    /// Once the page cache could not be written, nobody knows which of its pages were lost, and the kernel
    /// forgets: every later flush fails as well.
    std::atomic<int> sync_failure_ = 0;
};

} // namespace iothreadd
