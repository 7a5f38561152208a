// SPDX-License-Identifier: Apache-2.0
//
// FileLocks: tells other processes what a node does with its image, and refuses what they do not share. One
// byte per permission, always locked shared: 100+b for a permission held, 200+b for one that nobody else may
// hold. So many may hold the same byte, and a conflict shows by testing the byte of the opposite table.
//
// Thread: any one at a time.  Source: QEMU's image locking (open file description locks, spec of the file
// driver).
#pragma once

#include "daemon/block/block_permissions.hpp"
#include "daemon/util/result.hpp"

#include <string>

namespace iothreadd {

class FileLocks {
public:
    enum class Mode { automatic, on, off }; ///< automatic: lock where the file system can

    /// `fd` is borrowed; its last close drops all locks.
    FileLocks(int fd, Mode mode, std::string filename);
    FileLocks(FileLocks &&other) noexcept;
    ~FileLocks(); ///< releases them: closing `fd` does not when it is a duplicate
    FileLocks(const FileLocks &) = delete;
    FileLocks &operator=(const FileLocks &) = delete;

    /// Hold the bytes of `wanted` and only those. On failure what was held before is still held.
    /// Errors: Failed to get "write" lock (somebody does not share it); Failed to get shared "write" lock
    /// (somebody
    ///         holds what `wanted` does not share); Failed to lock byte N (no locks here, and Mode::on).
    Result<void> update(BlockPermissions wanted);

private:
    Result<void> acquire(BlockPermissions added);
    Result<void> check(BlockPermissions added) const;
    void release(BlockPermissions dropped) const;

    int fd_;
    Mode mode_;
    std::string filename_;
    BlockPermissions locked_{};
};

} // namespace iothreadd
