// SPDX-License-Identifier: Apache-2.0
//
// AioContext: the event loop of one thread. It watches descriptors, runs operations on a ring, bottom halves
// and timers, and spins for a while before it sleeps if that is likely to pay (AioWaiter).
//
// One pass of the loop, poll():
//   1. how long may we sleep? Not at all if there is work, else until the next timer.
//   2. spin, within the budget: probes, completion queue, notifications, quick looks at descriptors.
//   3. announce the wait (Notifier), leave poll mode, and sleep: one io_uring_enter submits and waits.
//   4. dispatch: completed operations, bottom halves, ready handlers, in order of arrival.
//   5. run expired timers; tell the AioWaiter what its wait ended with, and the RunMeter that the pass is
//   over.
// Callbacks may call poll() again (a synchronous wait) and add, remove or destroy any handler.
//
// Thread: home thread (the one that created it, and destroys it) unless a function says any thread.
// Source: observed behaviour of QEMU 11.1's AioContext.
#pragma once

#include "daemon/aio/aio_account.hpp"
#include "daemon/aio/aio_completion.hpp"
#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/aio_stats.hpp"
#include "daemon/aio/aio_timer.hpp"
#include "daemon/aio/aio_waiter.hpp"
#include "daemon/aio/bottom_half.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/fd_events.hpp"
#include "daemon/aio/fd_monitor.hpp"
#include "daemon/aio/notifier.hpp"
#include "daemon/aio/poll_source.hpp"
#include "daemon/aio/run_meter.hpp"
#include "daemon/util/result.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

struct io_uring_sqe;

namespace iothreadd {

class ThreadPool;

/// Who runs the loop. `own`: the home thread calls poll(true) for ever. `external`: another loop watches
/// watch_fd() and next_deadline_ns() and calls poll(false); such a context never spins.
enum class AioLoop { own, external };

/// A pass whose callbacks took longer than the limit.
struct AioStall {
    std::int64_t ns;
    const AioAccount *account; ///< whose callbacks took its longest part; null: no user's; only to compare
};

struct AioContextOptions {
    FdMonitorKind fd_monitor = FdMonitorKind::automatic;
    AioLoop loop = AioLoop::own;
    Clock clock = monotonic_ns; ///< for tests
    bool yields = true;         ///< false, for tests: spin although others want the CPU

    // Called in the home thread; they do not run the loop.
    std::function<void()> on_wake{};                  ///< after a spin or sleep, while there is a stall limit
    std::function<void(const AioStall &)> on_stall{}; ///< after such a pass
};

class AioContext {
public:
    using Loop = AioLoop;
    using Options = AioContextOptions;

    /// Make the calling thread the home thread; it has no other context. Sets its timer slack to the minimum.
    /// Errors: no eventfd; no ring where FdMonitorKind::io_uring insists on one.
    static Result<std::unique_ptr<AioContext>> create(const Options &options = {});

    /// The context whose home thread this is, else null. Any thread.
    static AioContext *current();

    AioContext(const AioContext &) = delete;
    AioContext &operator=(const AioContext &) = delete;

    /// Runs the bottom halves and pool tasks that are queued; nothing else may be registered or in flight.
    /// Another thread may still be inside the post(), schedule() or notify() that led to this.
    ~AioContext();

    /// One pass; `blocking`: sleep if there is nothing to do. True: something ran, so call again.
    bool poll(bool blocking);

    /// Run `fn` once in the home thread, after everything posted before. Any thread. Allocates: for what
    /// happens again and again there is BottomHalf.
    template <class F>
    void post(F &&fn) {
        schedule(*new PostedFunction<std::decay_t<F>>(std::forward<F>(fn)));
    }

    /// The same, charged to `account`: what `fn` starts is charged there, too, and what that starts.
    template <class F>
    void post_for(AioAccount &account, F &&fn) {
        auto &node = *new PostedFunction<std::decay_t<F>>(std::forward<F>(fn));
        schedule_for(account, node);
    }

    /// Who pays for the callback that runs, and for what it starts; the loop's own account outside of
    /// callbacks.
    AioAccount &account() { return run_meter_.current(); }

    /// All that ran for the user of `account` has ended, as far as its owner can know: what runs at this
    /// moment may still count for it. Any thread.
    void retire(std::unique_ptr<AioAccount> account);

    /// Run `node` once in the next pass; it is free to be scheduled again, or destroyed, when it runs. For
    /// those who embed it, where a BottomHalf's own allocation is too much. Any thread.
    void schedule(BottomHalfNode &node);

    /// Make a sleeping poll() return. Any thread.
    void notify();

    // Settings: any thread; in force before anything posted later.
    /// Forgets what the poller learnt. 0 for grow, shrink and weight is the default.
    void set_poll_parameters(const PollParameters &parameters);
    void set_thread_pool_limits(ThreadPoolLimits limits);
    /// Submit as soon as this many operations are queued, even within a pass. 0: only when the queue is full.
    void set_max_batch(std::int64_t max_batch);

    /// When callbacks of one pass take longer it is a stall; 0: never.
    void set_stall_limit(std::int64_t limit_ns);

    /// Watch `handler`, which must stay until remove().
    void add(AioHandler &handler);
    /// Nothing of `handler` is used afterwards; poll_end() is not called.
    void remove(AioHandler &handler);

    /// Whether operations can be submitted: the fd monitor is io_uring. Any thread.
    bool has_ring() const { return ring_ != nullptr; }

    /// Why it is not although it was wanted; empty: it is, or was not. Any thread.
    const std::string &fallback_reason() const { return fallback_reason_; }

    /// Queue an operation: `prep(io_uring_sqe *)` fills the entry, except its user data. Sent to the kernel
    /// when the loop next waits. Requires has_ring().
    template <class Prep>
    void submit(AioCompletion &operation, Prep &&prep) {
        io_uring_sqe *const sqe = begin_submit();
        std::forward<Prep>(prep)(sqe);
        finish_submit(operation, sqe);
    }

    /// For blocking calls; made when first used.
    ThreadPool &thread_pool();

    std::int64_t now_ns() const { return clock_(); }

    // For an external loop only.
    /// Readable: call poll(false).
    int watch_fd() const { return monitor_->watch_fd(); }
    /// After each poll() and each wake hook: when to call poll(false) at the latest. A time in the past:
    /// there is work now. None: only when watch_fd() is readable.
    std::optional<std::int64_t> next_deadline_ns() const;
    /// Called in the home thread, at most once between two passes, when work that watch_fd() does not show is
    /// queued outside a pass: an operation, a handler change, a bottom half, an earlier deadline. Without a
    /// hook, watch_fd() becomes readable instead.
    void set_wake_hook(void (*hook)(void *opaque), void *opaque);

    /// What the loop did so far. Any thread.
    AioStats stats() const { return counters_.snapshot(); }

    /// What it does now. Any thread.
    RunMeter::Running running() const { return run_meter_.running(); }

private:
    friend class AioHandler;
    friend class AioTimer;
    friend class BottomHalf;
    friend class ThreadPool;
    class Pass;
    class Visit;

    explicit AioContext(const Options &options);
    void assert_home_thread() const;

    void wake();
    void wake_external();
    template <class F>
    void in_home_thread(F &&fn);
    void change(AioHandler &handler);
    void arm(AioTimer &timer, std::int64_t deadline_ns);
    io_uring_sqe *begin_submit();
    void finish_submit(AioCompletion &operation, io_uring_sqe *sqe);

    std::int64_t timeout_ns() const;
    bool dispatch(std::int64_t now_ns);
    bool dispatch(AioHandler &handler, std::int64_t now_ns);
    AioHandler::Drained run_probed(AioHandler &handler);
    void check_run(const RunMeter::Run &run);
    void schedule_for(AioAccount &account, BottomHalfNode &node);

    const Loop loop_;
    const Clock clock_;
    const std::function<void()> on_wake_;
    const std::function<void(const AioStall &)> on_stall_;
    std::int64_t stall_limit_ns_ = 0;
    AioCounters counters_;
    FdEvents events_;
    std::unique_ptr<Notifier> notifier_;
    std::unique_ptr<FdMonitor> monitor_;
    IoUringMonitor *ring_ = nullptr; // monitor_, if it is one
    std::string fallback_reason_;
    BottomHalfQueue bottom_halves_;
    std::atomic<int> visitors_{0}; // other threads inside a function of ours
    TimerList timers_;

    RunMeter run_meter_;
    std::vector<std::unique_ptr<AioAccount>> retired_; // until the end of the outermost pass
    PollSource completions_;                           // the operations on the ring, as one source
    std::optional<AioWaiter> waiter_;

    int handlers_ = 0;   // registered, without the notifier
    int operations_ = 0; // in flight on the ring
    std::int64_t max_batch_ = 0;
    ThreadPoolLimits pool_limits_;
    std::unique_ptr<ThreadPool> pool_;

    int depth_ = 0;            // passes running, more than one when nested
    bool waiting_ = false;     // the timeout is fixed: new work has to notify
    bool pass_wanted_ = false; // the external loop was told
    // The handlers being called back, the innermost last; null once removed. Grows only when passes nest
    // deeper.
    std::vector<AioHandler *> dispatching_;
    void (*wake_hook_)(void *) = nullptr;
    void *wake_opaque_ = nullptr;
};

} // namespace iothreadd
