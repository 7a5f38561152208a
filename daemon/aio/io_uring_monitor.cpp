// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/io_uring_monitor.hpp"

#include "daemon/aio/aio_completion.hpp"
#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/aio_stats.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/fd_events.hpp"
#include "daemon/util/unique_fd.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace iothreadd {

namespace {
// User data: the address of an AioCompletion, the odd token of a handler, or this.
constexpr std::uint64_t kIgnored = 2;

// The loop of an IOThread runs completions when it enters the ring, and not when the kernel interrupts it. A
// ring that another loop watches must not wait for that: it would never become readable. Both say in shared
// memory when there is something to run.
constexpr unsigned kCommonFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_TASKRUN_FLAG |
                                  IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
constexpr unsigned kOwnLoopFlags = kCommonFlags | IORING_SETUP_DEFER_TASKRUN;
constexpr unsigned kExternalLoopFlags = kCommonFlags | IORING_SETUP_COOP_TASKRUN;

constexpr unsigned kFeatures = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;

// A completion queue that keeps overflowing is left for the next pass after so many flushes.
constexpr int kMaxFlushes = 4;

Error ring_error(int error) {
    return generic_error("Failed to initialize io_uring: {}", std::strerror(error));
}

/// Whether io_uring_enter() will do better next time: interrupted, timed out, or short of memory or space.
bool is_transient(int error) {
    return error == EINTR || error == ETIME || error == EAGAIN || error == EBUSY || error == ENOMEM;
}

/// Whether the file of `fd` has readiness to wait for. One that has none (a regular file) is always ready, so
/// its poll ends at once, and would for ever. epoll is who tells.
bool can_wait_for(int fd) {
    const UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    epoll_event event{};
    return !epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno != EPERM;
}
} // namespace

Result<std::unique_ptr<IoUringMonitor>> IoUringMonitor::create(const Host &host, Sizes sizes) {
    io_uring_params params{};
    params.flags = host.external_loop ? kExternalLoopFlags : kOwnLoopFlags;
    params.cq_entries = sizes.cq;
    io_uring ring{};
    const int rc = ::io_uring_queue_init_params(sizes.sq, &ring, &params);
    if (rc < 0)
        return ring_error(-rc);
    if ((params.features & kFeatures) != kFeatures) {
        ::io_uring_queue_exit(&ring);
        return ring_error(EOPNOTSUPP);
    }
    return std::unique_ptr<IoUringMonitor>(new IoUringMonitor(host, ring));
}

IoUringMonitor::IoUringMonitor(const Host &host, const io_uring &ring)
    : events_(host.events), counters_(host.counters), ring_(ring), enter_flags_(no_iowait_flag(ring)) {}

IoUringMonitor::~IoUringMonitor() {
    // Closing the ring cancels too, but later, in a kernel thread: descriptors would stay open meanwhile.
    while (has_submissions() || has_events())
        wait(0);
    ::io_uring_queue_exit(&ring_);
}

// --- submission ---

unsigned IoUringMonitor::queued() const { return ring_.sq.sqe_tail - IO_URING_READ_ONCE(*ring_.sq.khead); }

bool IoUringMonitor::has_submissions() const { return queued() != 0; }

io_uring_sqe *IoUringMonitor::get_sqe() {
    io_uring_sqe *sqe = ::io_uring_get_sqe(&ring_);
    while (sqe == nullptr) { // full; with a full completion queue too, the kernel takes nothing until we reap
        enter(0, 0);
        reap();
        sqe = ::io_uring_get_sqe(&ring_);
    }
    return sqe;
}

void IoUringMonitor::submit() {
    if (has_submissions())
        enter(0, 0);
}

/// One system call: submit what is queued, run deferred completions, and sleep until `min_complete` (0 or 1)
/// completions are there. Plain io_uring_enter(), because liburing 2.3 cannot pass enter_flags_.
void IoUringMonitor::enter(unsigned min_complete, std::int64_t timeout_ns) {
    __kernel_timespec timeout{};
    timeout.tv_sec = timeout_ns / kNsPerSecond;
    timeout.tv_nsec = timeout_ns % kNsPerSecond;
    io_uring_getevents_arg argument{};
    if (timeout_ns > 0)
        argument.ts = reinterpret_cast<std::uintptr_t>(&timeout);

    const unsigned to_submit = queued();
    io_uring_smp_store_release(ring_.sq.ktail, ring_.sq.sqe_tail);
    ring_.sq.sqe_head = ring_.sq.sqe_tail; // as liburing does when it submits
    const int rc = ::io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), to_submit, min_complete,
                                     IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | enter_flags_,
                                     reinterpret_cast<sigset_t *>(&argument), sizeof argument);
    assert(rc >= 0 || is_transient(-rc));
    counters_.enters.add();
    counters_.sqes.add(to_submit - queued());
}

// --- handlers ---

void IoUringMonitor::arm(AioHandler &handler) {
    handler.peeked_ = false;
    io_uring_sqe *const sqe = get_sqe();
    ::io_uring_prep_poll_multishot(sqe, handler.fd(), handler.events());
    ::io_uring_sqe_set_data64(sqe, handler.token_);
}

/// End the poll with this token. Not POLL_REMOVE, which refuses while an event is on its way: the poll would
/// live on and keep the file open.
void IoUringMonitor::cancel(std::uint64_t token) {
    io_uring_sqe *const sqe = get_sqe();
    ::io_uring_prep_cancel64(sqe, token, 0);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ::io_uring_sqe_set_data64(sqe, kIgnored);
}

void IoUringMonitor::add(AioHandler &handler) {
    slots_.insert(handler);
    ended_.reserve(slots_.capacity());
    arm(handler);
}

void IoUringMonitor::change(AioHandler &handler) {
    const std::uint64_t old = handler.token_;
    slots_.renew(handler);
    cancel(old);
    arm(handler);
}

void IoUringMonitor::remove(AioHandler &handler) {
    const std::uint64_t token = handler.token_;
    slots_.erase(handler);
    cancel(token);
}

// --- completion ---

/// Whether the kernel has something that only an enter brings into the completion queue.
bool IoUringMonitor::must_enter() const {
    return (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool IoUringMonitor::has_events() const { return ::io_uring_cq_ready(&ring_) != 0 || must_enter(); }

/// What the descriptor of `handler` is ready for now.
std::uint32_t IoUringMonitor::readiness(const AioHandler &handler) {
    pollfd watched{handler.fd(), static_cast<short>(handler.events()), 0};
    counters_.enters.add();
    return ::poll(&watched, 1, 0) > 0 ? static_cast<std::uint32_t>(watched.revents) : 0;
}

/// Without a completion in between, a descriptor is not reported twice.
void IoUringMonitor::peek() {
    AioHandler *const handler = slots_.find(hot_);
    if (handler == nullptr || handler->peeked_ || !handler->empties_descriptor())
        return;
    const std::uint32_t revents = readiness(*handler);
    if (revents == 0)
        return;
    handler->peeked_ = true;
    events_.add_ready(*handler, revents);
}

void IoUringMonitor::wait(std::int64_t timeout_ns) {
    if (timeout_ns != 0 || has_submissions() || must_enter())
        enter(timeout_ns != 0 ? 1 : 0, timeout_ns);
    reap();
    for (int flushes = 0; flushes < kMaxFlushes && must_enter(); ++flushes) {
        enter(0, 0);
        reap();
    }
}

/// Take everything in the completion queue, before any callback runs.
void IoUringMonitor::reap() {
    unsigned head = 0;
    unsigned count = 0;
    const io_uring_cqe *cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
        take(*cqe);
        ++count;
    }
    ::io_uring_cq_advance(&ring_, count);
    while (!ended_.empty()) { // arm() may get here again: it sees the shorter list
        AioHandler *const handler = slots_.find(ended_.back());
        ended_.pop_back();
        if (handler == nullptr)
            continue;
        if (can_wait_for(handler->fd()))
            arm(*handler);
        else
            events_.add_ready(*handler, POLLERR);
    }
}

void IoUringMonitor::take(const io_uring_cqe &cqe) {
    if (cqe.user_data == kIgnored)
        return;
    if ((cqe.user_data & 1) != 0)
        take_poll(cqe);
    else
        events_.add_completed(*reinterpret_cast<AioCompletion *>(cqe.user_data), cqe.res);
}

void IoUringMonitor::take_poll(const io_uring_cqe &cqe) {
    AioHandler *const handler = slots_.find(cqe.user_data);
    if (handler == nullptr) // removed or changed meanwhile
        return;
    const bool is_error = cqe.res < 0;
    const bool is_known = std::exchange(handler->peeked_, false) && !is_error && readiness(*handler) == 0;
    if (!handler->has_probe_)
        hot_ = cqe.user_data;
    if (!is_error && !is_known)
        events_.add_ready(*handler, static_cast<std::uint32_t>(cqe.res));
    else if (is_error && !is_transient(-cqe.res) && cqe.res != -ECANCELED)
        events_.add_ready(*handler, POLLERR);
    if ((cqe.flags & IORING_CQE_F_MORE) == 0 &&
        (cqe.res >= 0 || is_transient(-cqe.res) || cqe.res == -ECANCELED))
        ended_.push_back(cqe.user_data);
}

void IoUringMonitor::set_operation(io_uring_sqe *sqe, AioCompletion &operation) {
    ::io_uring_sqe_set_data(sqe, &operation);
}

} // namespace iothreadd
