// SPDX-License-Identifier: Apache-2.0
//
// IoUringMonitor: an FdMonitor on one io_uring, which also carries the operations that AioContext::submit()
// queues.
//
// Each descriptor has a multishot POLL_ADD: no system call and no SQE per event. Two traps come with it. It
// is edge-triggered (AioHandler's rule), and it ends when the completion queue overflows, or on an error:
// whatever comes without F_MORE is armed again, and arming reports what is ready already. The ring is entered
// once per pass, to submit and to wait with the timeout as an argument, and not at all when the completion
// queue in shared memory says everything.
//
// While the loop spins, the descriptor that was ready last is also looked at directly, if its handler empties
// it: that shows its next event half a microsecond before the kernel's deferred work brings it to the
// completion queue. The completion that may follow is dropped, unless there is something new.
//
// Thread: home thread only (the ring has a single issuer, its creator).
// Source: io_uring(7), io_uring_enter(2); measurements of flags and costs on Linux 6.18.
#pragma once

#include "daemon/aio/fd_monitor.hpp"
#include "daemon/aio/handler_slots.hpp"
#include "daemon/aio/io_uring_abi.hpp"

#include <cstdint>
#include <vector>

namespace iothreadd {

class AioCompletion;

class IoUringMonitor final : public FdMonitor {
public:
    struct Sizes {
        unsigned sq; ///< a burst of operations in one pass; more are submitted in several calls
        unsigned cq; ///< what may complete in one pass before the kernel has to queue it aside
    };
    static constexpr Sizes kSizes{128, 1024}; // 8 KiB + 16 KiB

    /// Errors: `Failed to initialize io_uring: ...`, also when the kernel (before 6.1) lacks what we build
    /// on.
    static Result<std::unique_ptr<IoUringMonitor>> create(const Host &host, Sizes sizes = kSizes);

    /// Ends what is still armed.
    ~IoUringMonitor() override;

    void add(AioHandler &handler) override;
    void change(AioHandler &handler) override;
    void remove(AioHandler &handler) override;
    bool sees_events() const override { return true; }
    bool has_events() const override;
    void peek() override;
    bool has_submissions() const override;
    void submit() override;
    void wait(std::int64_t timeout_ns) override;
    int watch_fd() const override { return ring_.ring_fd; }
    IoUringMonitor *ring() override { return this; }

    /// An empty submission queue entry; room is made if there is none. Give it a user data.
    io_uring_sqe *get_sqe();

    /// How many entries the kernel has not taken yet.
    unsigned queued() const;

    /// Let the completion of `sqe` complete `operation`.
    static void set_operation(io_uring_sqe *sqe, AioCompletion &operation);

private:
    IoUringMonitor(const Host &host, const io_uring &ring);

    void arm(AioHandler &handler);
    std::uint32_t readiness(const AioHandler &handler);
    void cancel(std::uint64_t token);
    bool must_enter() const;
    void enter(unsigned min_complete, std::int64_t timeout_ns);
    void reap();
    void take(const io_uring_cqe &cqe);
    void take_poll(const io_uring_cqe &cqe);

    FdEvents &events_;
    AioCounters &counters_;
    io_uring ring_;
    const unsigned enter_flags_;
    HandlerSlots slots_;
    std::uint64_t hot_ = 0;            // token of the handler without a probe that was ready last
    std::vector<std::uint64_t> ended_; // polls that ended by themselves, to be armed again
};

} // namespace iothreadd
