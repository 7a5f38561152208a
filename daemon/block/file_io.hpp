// SPDX-License-Identifier: Apache-2.0
//
// FileIo: one operation at a time on a file, carried to its end: what the kernel did only in part is
// continued, what it put off is repeated, a read past the end of the file gives zeroes. It runs as
// submissions to the ring of the AioContext, or in its thread pool; what is above does not see the
// difference.
//
// Thread: home thread of the AioContext; with the thread pool the system calls, and only they, run in a
// worker.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/thread_pool.hpp"

#include <sys/uio.h>

#include <cstdint>
#include <span>

struct io_uring_sqe;

namespace iothreadd {

class FileIo : private AioCompletion, private ThreadPoolTask {
public:
    struct Target {
        int fd = -1;
        std::uint32_t alignment = 1; ///< of offsets and lengths, when the file is open with O_DIRECT
        bool use_ring = true;        ///< where the AioContext has one
    };

    FileIo(const FileIo &) = delete;
    FileIo &operator=(const FileIo &) = delete;

protected:
    FileIo(AioContext &context, const Target &target) : context_(context), target_(target) {}
    ~FileIo() = default;

    // Each starts one operation; io_done() follows, later. `iov` has at least `bytes` and stays until then.
    void read(std::span<const iovec> iov, std::uint64_t offset_bytes, std::uint64_t bytes);
    void write(std::span<const iovec> iov, std::uint64_t offset_bytes, std::uint64_t bytes, bool durable);
    void sync();                                                              ///< fdatasync
    void allocate(int mode, std::uint64_t offset_bytes, std::uint64_t bytes); ///< fallocate
    void truncate(std::uint64_t size_bytes);

    /// The operation has ended: 0 or -errno. Never inside the call that started it; may start the next one.
    virtual void io_done(int result) = 0;

    AioContext &context() const { return context_; }
    /// Of the last read: how many bytes the file had, before the zeroes.
    std::uint64_t bytes_found() const { return done_; }

private:
    enum class Operation : std::uint8_t { read, write, sync, allocate, truncate };

    /// In a row without progress, EINTR and EAGAIN; then it is an error.
    static constexpr int kRetriesMax = 1000;

    void complete(int result) final; // of AioCompletion and ThreadPoolTask
    int run() final;

    void begin(Operation operation, std::uint64_t offset_bytes, std::uint64_t bytes);
    void go();
    void prepare(io_uring_sqe *sqe);
    int perform();
    bool advance(int result);
    bool advance_transfer(std::uint64_t transferred);
    void seek(std::uint64_t position);
    std::span<const iovec> window();

    AioContext &context_;
    const Target target_;
    Operation operation_ = Operation::sync;
    bool in_ring_ = false;
    int flags_ = 0; ///< RWF_* of a write, mode of an allocate
    int retries_ = 0;
    int result_ = 0;
    std::uint64_t offset_bytes_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t done_ = 0; ///< of bytes_; where iov_index_ and iov_skip_ point
    std::span<const iovec> iov_{};
    std::size_t iov_index_ = 0;
    std::size_t iov_skip_ = 0;
    iovec part_{}; ///< of an iovec, after a short transfer
};

} // namespace iothreadd
