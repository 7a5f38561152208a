// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/file_io.hpp"

#include "daemon/block/block_limits.hpp"
#include "daemon/block/iov.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace iothreadd {
namespace {

/// Most iovecs, and most bytes of a single buffer, that one submission takes (UIO_MAXIOV; the kernel's
/// MAX_RW_COUNT is a little less than 2 GiB).
constexpr std::size_t kIovecsPerCall = 1024;
constexpr std::size_t kBytesPerBuffer = std::size_t{1} << 30;

} // namespace

void FileIo::read(std::span<const iovec> iov, std::uint64_t offset_bytes, std::uint64_t bytes) {
    iov_ = iov;
    flags_ = 0;
    begin(Operation::read, offset_bytes, bytes);
}

void FileIo::write(std::span<const iovec> iov, std::uint64_t offset_bytes, std::uint64_t bytes,
                   bool durable) {
    iov_ = iov;
    flags_ = durable ? RWF_DSYNC : 0;
    begin(Operation::write, offset_bytes, bytes);
}

void FileIo::sync() { begin(Operation::sync, 0, 0); }

void FileIo::allocate(int mode, std::uint64_t offset_bytes, std::uint64_t bytes) {
    flags_ = mode;
    begin(Operation::allocate, offset_bytes, bytes);
}

void FileIo::truncate(std::uint64_t size_bytes) { begin(Operation::truncate, size_bytes, 0); }

void FileIo::begin(Operation operation, std::uint64_t offset_bytes, std::uint64_t bytes) {
    operation_ = operation;
    offset_bytes_ = offset_bytes;
    bytes_ = bytes;
    retries_ = 0;
    result_ = 0;
    done_ = iov_index_ = iov_skip_ = 0;
    // There is no truncate for rings before Linux 6.9.
    in_ring_ = target_.use_ring && context_.has_ring() && operation != Operation::truncate;
    go();
}

void FileIo::go() {
    if (in_ring_)
        context_.submit(*this, [this](io_uring_sqe *sqe) { prepare(sqe); });
    else
        context_.thread_pool().submit(*this);
}

/// Home thread: the ring has carried out one step, or a worker all of them.
void FileIo::complete(int result) {
    if (in_ring_) {
        if (advance(result))
            return go();
    } else if (result == -EAGAIN) {
        result_ = -EIO; // no worker could be started
    }
    io_done(result_);
}

/// Worker thread.
int FileIo::run() {
    while (advance(perform())) {
    }
    return result_;
}

void FileIo::prepare(io_uring_sqe *sqe) {
    switch (operation_) {
    case Operation::read: {
        const std::span<const iovec> iov = window();
        if (iov.size() == 1)
            io_uring_prep_read(sqe, target_.fd, iov[0].iov_base, static_cast<unsigned>(iov[0].iov_len),
                               offset_bytes_ + done_);
        else
            io_uring_prep_readv(sqe, target_.fd, iov.data(), static_cast<unsigned>(iov.size()),
                                offset_bytes_ + done_);
        break;
    }
    case Operation::write: {
        const std::span<const iovec> iov = window();
        if (iov.size() == 1)
            io_uring_prep_write(sqe, target_.fd, iov[0].iov_base, static_cast<unsigned>(iov[0].iov_len),
                                offset_bytes_ + done_);
        else
            io_uring_prep_writev(sqe, target_.fd, iov.data(), static_cast<unsigned>(iov.size()),
                                 offset_bytes_ + done_);
        sqe->rw_flags = flags_;
        break;
    }
    case Operation::sync:
        io_uring_prep_fsync(sqe, target_.fd, IORING_FSYNC_DATASYNC);
        break;
    case Operation::allocate:
        io_uring_prep_fallocate(sqe, target_.fd, flags_, static_cast<off_t>(offset_bytes_),
                                static_cast<off_t>(bytes_));
        break;
    case Operation::truncate:
        assert(!"not for the ring");
    }
}

/// One system call: what it returned, or -errno.
int FileIo::perform() {
    const auto offset = static_cast<off_t>(offset_bytes_ + done_);
    ssize_t result = 0;
    switch (operation_) {
    case Operation::read: {
        const std::span<const iovec> iov = window();
        result = ::preadv(target_.fd, iov.data(), static_cast<int>(iov.size()), offset);
        break;
    }
    case Operation::write: {
        const std::span<const iovec> iov = window();
        result = ::pwritev2(target_.fd, iov.data(), static_cast<int>(iov.size()), offset, flags_);
        break;
    }
    case Operation::sync:
        result = ::fdatasync(target_.fd);
        break;
    case Operation::allocate:
        result = ::fallocate(target_.fd, flags_, offset, static_cast<off_t>(bytes_));
        break;
    case Operation::truncate:
        result = ::ftruncate(target_.fd, offset);
        break;
    }
    return result < 0 ? -errno : static_cast<int>(result);
}

/// Take in what one step gave. True: a further step is needed; else result_ says how it ended.
bool FileIo::advance(int result) {
    if (result == -EINTR || result == -EAGAIN) {
        result_ = -EIO; // unless a retry helps
        return ++retries_ <= kRetriesMax;
    }
    retries_ = 0;
    result_ = std::min(result, 0);
    if (result < 0 || (operation_ != Operation::read && operation_ != Operation::write))
        return false;
    return advance_transfer(static_cast<std::uint64_t>(result));
}

bool FileIo::advance_transfer(std::uint64_t transferred) {
    const std::uint64_t reached = done_ + transferred;
    if (reached >= bytes_) {
        done_ = bytes_;
        return false;
    }
    // With O_DIRECT a transfer that ends inside a block goes on from the start of that block.
    const std::uint64_t next = align_down(reached, target_.alignment);
    if (next > done_) {
        seek(next);
        return true;
    }
    done_ = reached;
    if (operation_ == Operation::write) // the kernel takes no more of it
        result_ = -ENOSPC;
    else // the end of the file, wherever it is by now
        iov_clear(iov_, done_, bytes_ - done_);
    return false;
}

void FileIo::seek(std::uint64_t position) {
    done_ = position;
    iov_index_ = 0;
    while (position >= iov_[iov_index_].iov_len)
        position -= iov_[iov_index_++].iov_len;
    iov_skip_ = position;
}

/// The buffers of the next step: the rest of a buffer that was transferred in part, or as many whole ones as
/// fit.
std::span<const iovec> FileIo::window() {
    std::uint64_t left = bytes_ - done_;
    std::size_t count = 0;
    if (iov_skip_ == 0) {
        const std::span<const iovec> rest = iov_.subspan(iov_index_);
        while (count < std::min(rest.size(), kIovecsPerCall) && rest[count].iov_len <= left &&
               rest[count].iov_len <= kBytesPerBuffer)
            left -= rest[count++].iov_len;
        if (left != bytes_ - done_)
            return rest.first(count);
    }
    while (iov_[iov_index_].iov_len == iov_skip_) { // only empty ones
        ++iov_index_;
        iov_skip_ = 0;
    }
    const iovec &entry = iov_[iov_index_];
    part_.iov_base = static_cast<std::byte *>(entry.iov_base) + iov_skip_;
    part_.iov_len = std::min<std::uint64_t>({entry.iov_len - iov_skip_, left, kBytesPerBuffer});
    return {&part_, 1};
}

} // namespace iothreadd
