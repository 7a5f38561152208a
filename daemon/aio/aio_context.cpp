// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_context.hpp"

#include "daemon/aio/io_uring_monitor.hpp"
#include "daemon/aio/thread_pool.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cassert>

namespace iothreadd {

namespace {
// How often bottom halves may schedule each other while the context is being destroyed.
constexpr int kLastRounds = 1000;

constexpr std::uint32_t kAlwaysReported = POLLERR | POLLHUP | POLLNVAL;

thread_local AioContext *current_context = nullptr;
} // namespace

/// One pass on the stack.
class AioContext::Pass {
public:
    explicit Pass(AioContext &context)
        : context_(context), outer_(++context.depth_ > 1 ? &context.run_meter_.suspend() : nullptr) {
        context_.pass_wanted_ = false;
        context_.counters_.passes.add();
    }
    ~Pass() {
        --context_.depth_;
        if (outer_ != nullptr)
            context_.run_meter_.resume(*outer_);
        else
            context_.retired_.clear();
    }
    Pass(const Pass &) = delete;
    Pass &operator=(const Pass &) = delete;

    /// Callbacks begin.
    void begin_run(std::int64_t now_ns) {
        if (outer_ == nullptr)
            context_.run_meter_.begin(now_ns);
        else
            context_.run_meter_.begin_inner(now_ns);
    }

    /// They are over. Who was served first; null: no user, or it is a pass inside of a callback.
    AioAccount *end_run() {
        if (outer_ != nullptr)
            return nullptr;
        const RunMeter::Run run = context_.run_meter_.end();
        context_.check_run(run);
        return run.first;
    }

private:
    AioContext &context_;
    AioAccount *const outer_; // whose callback runs this pass; null: nobody's
};

/// Another thread is inside the context. The work that it brings may lead to the context's end before it is
/// out again, so the destructor waits for it.
class AioContext::Visit {
public:
    explicit Visit(AioContext &context) : context_(context) {
        context_.visitors_.fetch_add(1, std::memory_order_relaxed); // published with the work
    }
    ~Visit() { context_.visitors_.fetch_sub(1, std::memory_order_release); } // pairs with ~AioContext()
    Visit(const Visit &) = delete;
    Visit &operator=(const Visit &) = delete;

private:
    AioContext &context_;
};

// --- life ---

Result<std::unique_ptr<AioContext>> AioContext::create(const Options &options) {
    assert(current_context == nullptr);
    const bool external = options.loop == Loop::external;
    std::unique_ptr<AioContext> context{new AioContext(options)};
    auto notifier = Notifier::create(external, options.clock);
    if (notifier.has_error())
        return notifier.error();
    auto monitor = FdMonitor::create(options.fd_monitor, {context->events_, context->counters_, external});
    if (monitor.has_error())
        return monitor.error();

    ::prctl(PR_SET_TIMERSLACK, 1); // nanoseconds: the default delays each timed wait by 50 us
    context->notifier_ = std::move(*notifier);
    context->monitor_ = std::move(monitor->monitor);
    context->fallback_reason_ = std::move(monitor->fallback_reason);
    context->ring_ = context->monitor_->ring();
    context->monitor_->add(*context->notifier_);
    context->monitor_->submit(); // an external loop may sleep before the first pass
    context->waiter_.emplace(AioWaiter::Parts{.clock = context->clock_,
                                              .counters = context->counters_,
                                              .events = context->events_,
                                              .monitor = *context->monitor_,
                                              .notifier = *context->notifier_,
                                              .yields = options.yields},
                             PollParameters{.max_ns = external ? 0 : PollParameters::kDefaultMaxNs});
    current_context = context.get();
    return context;
}

AioContext::~AioContext() {
    if (monitor_ == nullptr) // create() failed
        return;
    assert_home_thread();
    assert(depth_ == 0);
    pool_.reset();
    while (visitors_.load(std::memory_order_acquire) != 0) // pairs with ~Visit()
        ::sched_yield();
    run_meter_.begin(now_ns());
    for (int round = 0; round < kLastRounds && !bottom_halves_.empty(); ++round)
        bottom_halves_.run(run_meter_);
    assert(handlers_ == 0);
    assert(timers_.empty());
    assert(operations_ == 0);
    monitor_->remove(*notifier_);
    events_.forget(*notifier_);
    monitor_.reset();
    current_context = nullptr;
}

AioContext::AioContext(const Options &options)
    : loop_(options.loop),
      clock_(options.clock),
      on_wake_(options.on_wake),
      on_stall_(options.on_stall),
      run_meter_(options.clock) {}

AioContext *AioContext::current() { return current_context; }

void AioContext::assert_home_thread() const { assert(current_context == this); }

// --- one pass ---

bool AioContext::poll(bool blocking) {
    assert_home_thread();
    Pass pass{*this};
    waiting_ = true;
    const AioWaiter::Waited waited = waiter_->wait(blocking ? timeout_ns() : 0);
    waiting_ = false;
    notifier_->accept();

    pass.begin_run(waited.end_ns);
    if (stall_limit_ns_ != 0 && on_wake_ && (waited.slept || waited.spun_ns > 0))
        on_wake_();
    bool progress = dispatch(waited.end_ns);
    if (!timers_.empty())
        progress |= timers_.run(now_ns(), run_meter_);
    waiter_->observe(waited, pass.end_run());
    return progress;
}

/// How long the loop may sleep: not at all while there is work.
std::int64_t AioContext::timeout_ns() const {
    if (!events_.empty() || !bottom_halves_.empty())
        return 0;
    const auto deadline_ns = timers_.deadline_ns();
    return deadline_ns ? std::max<std::int64_t>(0, *deadline_ns - now_ns()) : FdMonitor::kForever;
}

// --- dispatch ---

bool AioContext::dispatch(std::int64_t now_ns) {
    bool progress = false;
    events_.start_dispatch();
    while (AioCompletion *const operation = events_.take_completed()) {
        --operations_;
        waiter_->fired(completions_);
        run_meter_.charge(operation->account_);
        operation->complete(operation->result_);
        progress = true;
    }
    progress |= bottom_halves_.run(run_meter_);
    while (AioHandler *const handler = events_.take_ready())
        progress |= dispatch(*handler, now_ns);
    return progress;
}

bool AioContext::dispatch(AioHandler &handler, std::int64_t now_ns) {
    const std::uint32_t revents = std::exchange(handler.revents_, 0) & (handler.events_ | kAlwaysReported);
    const bool probe_hit = std::exchange(handler.probe_hit_, false);
    const bool resumed = std::exchange(handler.unfinished_, false);
    if (revents == 0 && !probe_hit)
        return false;

    dispatching_.push_back(&handler);
    if (waiter_->enabled()) {
        if (!resumed) // else it is no event of its own
            waiter_->fired(handler.source_);
        if (handler.has_probe_)
            waiter_->poll_mode().join(handler, now_ns);
    }
    run_meter_.charge(handler.account_);
    auto drained = AioHandler::Drained::yes;
    if (dispatching_.back() != nullptr) // its poll_begin() may have removed it
        drained = revents != 0 ? handler.ready(revents) : run_probed(handler);
    if (dispatching_.back() != nullptr && drained == AioHandler::Drained::no)
        events_.add_unfinished(handler, revents, probe_hit);
    dispatching_.pop_back();
    return &handler != notifier_.get();
}

/// The handler takes the work that its probe saw. It is not probed meanwhile, even if it runs the loop.
AioHandler::Drained AioContext::run_probed(AioHandler &handler) {
    handler.in_probe_ready_ = true;
    const AioHandler::Drained drained = handler.probe_ready();
    if (dispatching_.back() == nullptr)
        return drained;
    handler.in_probe_ready_ = false;
    // Without poll mode nobody would see what came too late for probe_ready() and too early for a kick.
    if (drained == AioHandler::Drained::yes && !waiter_->poll_mode().on() && handler.probe())
        return AioHandler::Drained::no;
    return drained;
}

/// The callbacks of a pass are over.
void AioContext::check_run(const RunMeter::Run &run) {
    if (stall_limit_ns_ == 0 || run.ns <= stall_limit_ns_)
        return;
    counters_.stalls.add();
    if (on_stall_)
        on_stall_({.ns = run.ns, .account = run.longest});
}

// --- handlers, operations, timers ---

void AioContext::add(AioHandler &handler) {
    assert_home_thread();
    assert(handler.context_ == nullptr);
    handler.context_ = this;
    handler.account_ = &account();
    handler.has_probe_ = handler.has_probe();
    ++handlers_;
    waiter_->add_plain_handlers(handler.has_probe_ ? 0 : 1);
    monitor_->add(handler);
    wake_external();
}

void AioContext::remove(AioHandler &handler) {
    assert_home_thread();
    assert(handler.context_ == this);
    monitor_->remove(handler);
    events_.forget(handler);
    waiter_->poll_mode().forget(handler);
    waiter_->forget(handler.source_);
    std::replace(dispatching_.begin(), dispatching_.end(), &handler, static_cast<AioHandler *>(nullptr));
    --handlers_;
    waiter_->add_plain_handlers(handler.has_probe_ ? 0 : -1);
    handler.in_probe_ready_ = false;
    handler.context_ = nullptr;
    wake_external();
}

void AioContext::change(AioHandler &handler) {
    assert_home_thread();
    monitor_->change(handler);
    wake_external();
}

io_uring_sqe *AioContext::begin_submit() {
    assert_home_thread();
    assert(has_ring());
    return ring_->get_sqe();
}

void AioContext::finish_submit(AioCompletion &operation, io_uring_sqe *sqe) {
    IoUringMonitor::set_operation(sqe, operation);
    operation.account_ = &account();
    ++operations_;
    if (max_batch_ > 0 && ring_->queued() >= max_batch_)
        ring_->submit();
    wake_external();
}

void AioContext::arm(AioTimer &timer, std::int64_t deadline_ns) {
    assert_home_thread();
    timer.account_ = &account();
    if (timers_.insert(timer, deadline_ns))
        wake();
}

ThreadPool &AioContext::thread_pool() {
    assert_home_thread();
    if (pool_ == nullptr) {
        AioAccount &user = run_meter_.suspend(); // the pool serves others, too
        pool_ = std::make_unique<ThreadPool>(*this, pool_limits_);
        run_meter_.resume(user);
    }
    return *pool_;
}

// --- wake-ups ---

void AioContext::schedule(BottomHalfNode &node) {
    if (current_context == this) {
        if (!node.keeps_account_)
            node.account_ = &account();
        bottom_halves_.schedule(node);
        wake();
    } else {
        const Visit visit{*this};
        bottom_halves_.schedule(node);
        notifier_->notify();
    }
}

void AioContext::schedule_for(AioAccount &account, BottomHalfNode &node) {
    node.account_ = &account;
    const Visit visit{*this};
    bottom_halves_.schedule(node);
    notifier_->notify();
}

/// What runs now may still count for it: it goes when no pass is running that had begun by then.
void AioContext::retire(std::unique_ptr<AioAccount> account) {
    post([this, account = std::move(account)]() mutable { retired_.push_back(std::move(account)); });
}

void AioContext::notify() {
    const Visit visit{*this};
    notifier_->notify();
}

/// The home thread has new work that timeout_ns() knows of. It calls that before it sleeps, so it needs to be
/// told only once that has happened.
void AioContext::wake() {
    if (waiting_)
        notifier_->notify();
    else
        wake_external();
}

/// There is new work, queued by the home thread, that only a pass can start. Within a pass, the external loop
/// asks next_deadline_ns() when it is over.
void AioContext::wake_external() {
    if (loop_ != Loop::external || depth_ > 0 || std::exchange(pass_wanted_, true))
        return;
    if (wake_hook_ != nullptr)
        wake_hook_(wake_opaque_);
    else
        notifier_->signal();
}

void AioContext::set_wake_hook(void (*hook)(void *opaque), void *opaque) {
    assert_home_thread();
    assert(loop_ == Loop::external);
    wake_hook_ = hook;
    wake_opaque_ = opaque;
}

std::optional<std::int64_t> AioContext::next_deadline_ns() const {
    assert_home_thread();
    if (!events_.empty() || !bottom_halves_.empty() || monitor_->has_submissions())
        return 0;
    return timers_.deadline_ns();
}

// --- settings ---

template <class F>
void AioContext::in_home_thread(F &&fn) {
    if (current_context == this)
        fn();
    else
        post(std::forward<F>(fn));
}

void AioContext::set_poll_parameters(const PollParameters &parameters) {
    if (loop_ == Loop::external)
        return;
    in_home_thread([this, parameters] { waiter_->set_parameters(parameters); });
}

void AioContext::set_stall_limit(std::int64_t limit_ns) {
    in_home_thread([this, limit_ns] { stall_limit_ns_ = limit_ns; });
}

void AioContext::set_thread_pool_limits(ThreadPoolLimits limits) {
    in_home_thread([this, limits] {
        pool_limits_ = limits;
        if (pool_ != nullptr)
            pool_->set_limits(limits);
    });
}

void AioContext::set_max_batch(std::int64_t max_batch) {
    in_home_thread([this, max_batch] { max_batch_ = max_batch; });
}

} // namespace iothreadd
