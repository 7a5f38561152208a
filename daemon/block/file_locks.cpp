// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_locks.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace iothreadd {
namespace {

constexpr off_t kHeldBase = 100;
constexpr off_t kUnsharedBase = 200;
constexpr std::array<std::string_view, BlockPermissions::kCount> kPermissionNames = {
    "consistent read", "write", "write unchanged", "resize"};

struct flock one_byte(off_t offset, int type) {
    struct flock lock {};
    lock.l_type = static_cast<short>(type);
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = 1;
    return lock;
}

/// 0 or an errno.
int set_lock(int fd, off_t offset, int type) {
    struct flock lock = one_byte(offset, type);
    while (::fcntl(fd, F_OFD_SETLK, &lock) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/// Whether another open file description has a lock on the byte, of whatever type.
bool is_locked_elsewhere(int fd, off_t offset) {
    struct flock lock = one_byte(offset, F_WRLCK);
    return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/// Call `visit(byte, bit number)` for each bit in `bits`; stop and return true when it does.
template <class Visit>
bool any_byte(std::uint8_t bits, off_t base, Visit &&visit) {
    for (int bit = 0; bit < BlockPermissions::kCount; ++bit)
        if ((bits >> bit & 1) != 0 && visit(base + bit, static_cast<std::size_t>(bit)))
            return true;
    return false;
}

} // namespace

FileLocks::FileLocks(int fd, Mode mode, std::string filename)
    : fd_(fd), mode_(mode), filename_(std::move(filename)) {}

FileLocks::FileLocks(FileLocks &&other) noexcept
    : fd_(other.fd_),
      mode_(other.mode_),
      filename_(std::move(other.filename_)),
      locked_(std::exchange(other.locked_, {})) {}

FileLocks::~FileLocks() { release(locked_); }

Result<void> FileLocks::update(BlockPermissions wanted) {
    if (mode_ == Mode::off)
        return {};
    const BlockPermissions added = wanted.without(locked_);
    Result<void> result = acquire(added);
    if (result && mode_ != Mode::off)
        result = check(added); // what is held already is for the others to respect
    if (!result) {
        release(added);
        return result;
    }
    release(locked_.without(wanted));
    locked_ = wanted;
    return {};
}

Result<void> FileLocks::acquire(BlockPermissions added) {
    int error = 0;
    off_t failed = 0;
    const auto lock = [&](off_t byte, std::size_t) {
        failed = byte;
        error = set_lock(fd_, byte, F_RDLCK);
        return error != 0;
    };
    if (!any_byte(added.held, kHeldBase, lock) && !any_byte(added.unshared, kUnsharedBase, lock))
        return {};
    const bool conflict =
        error == EAGAIN || error == EACCES; // an exclusive lock, so not one of this protocol
    if (mode_ == Mode::automatic && !conflict) {
        mode_ = Mode::off; // a file system without locks
        return {};
    }
    Error refusal = generic_error("Failed to lock byte {}", failed);
    if (conflict)
        refusal.hint = fmt::format("Is another process using the image [{}]?", filename_);
    return refusal;
}

Result<void> FileLocks::check(BlockPermissions added) const {
    std::string_view shared = "";
    std::size_t conflict = 0;
    const auto test = [&](off_t byte, std::size_t bit) {
        conflict = bit;
        return is_locked_elsewhere(fd_, byte);
    };
    if (!any_byte(added.held, kUnsharedBase, test)) {
        if (!any_byte(added.unshared, kHeldBase, test))
            return {};
        shared = "shared ";
    }
    Error refusal = generic_error("Failed to get {}\"{}\" lock", shared, kPermissionNames[conflict]);
    refusal.hint = fmt::format("Is another process using the image [{}]?", filename_);
    return refusal;
}

void FileLocks::release(BlockPermissions dropped) const {
    const auto unlock = [&](off_t byte, std::size_t) {
        set_lock(fd_, byte, F_UNLCK);
        return false;
    };
    any_byte(dropped.held, kHeldBase, unlock);
    any_byte(dropped.unshared, kUnsharedBase, unlock);
}

} // namespace iothreadd
