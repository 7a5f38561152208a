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
constexpr std::int64_t kForever = FdMonitor::kForever;

// The price of entering and leaving poll mode; a smaller budget buys nothing (measured in tests/bench).
constexpr std::int64_t kLeastBudgetNs = 500;

// A loop that is busy with other things still probes, or looks at its descriptors, every so many passes.
constexpr int kPassesBetweenLooks = 8;

// How often bottom halves may schedule each other while the context is being destroyed.
constexpr int kLastRounds = 1000;

constexpr std::uint32_t kAlwaysReported = POLLERR | POLLHUP | POLLNVAL;

thread_local AioContext *current_context = nullptr;

std::int64_t sooner(std::int64_t timeout_ns, std::int64_t budget_ns) {
    return timeout_ns == kForever ? budget_ns : std::min(timeout_ns, budget_ns);
}

std::int64_t thread_cpu_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); // a system call
    return used.tv_sec * kNsPerSecond + used.tv_nsec;
}

void relax_cpu() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}
} // namespace

/// One pass on the stack.
class AioContext::Pass {
public:
    explicit Pass(AioContext &context) : context_(context) {
        ++context_.depth_;
        context_.pass_wanted_ = false;
        context_.counters_.passes.add();
    }
    ~Pass() { --context_.depth_; }
    Pass(const Pass &) = delete;
    Pass &operator=(const Pass &) = delete;

private:
    AioContext &context_;
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
    for (int round = 0; round < kLastRounds && !bottom_halves_.empty(); ++round)
        bottom_halves_.run();
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
      poller_(PollParameters{.max_ns = options.loop == Loop::own ? PollParameters::kDefaultMaxNs : 0}) {
    set_block_cost(meter_.cost());
}

AioContext *AioContext::current() { return current_context; }

void AioContext::assert_home_thread() const { assert(current_context == this); }

// --- one pass ---

bool AioContext::poll(bool blocking) {
    assert_home_thread();
    const Pass pass{*this};
    const std::int64_t start_ns = poller_.enabled() ? now_ns() : 0;

    waiting_ = true;
    const std::int64_t timeout = spin(blocking ? timeout_ns() : 0);
    wait(timeout);
    waiting_ = false;
    notifier_->accept();

    const std::int64_t woken_ns = poller_.enabled() ? now_ns() : 0;
    bool progress = dispatch(woken_ns);
    const std::int64_t waited_ns = woken_ns - start_ns;
    const std::int64_t waking_ns = std::exchange(slept_, false) ? meter_.cost().latency_ns : 0;
    const std::int64_t gap_ns = std::max<std::int64_t>(0, waited_ns - waking_ns);
    if (poller_.enabled())
        counters_.gaps.add(gap_ns);
    poller_.observe({.ns = waited_ns, .gap_ns = gap_ns, .end_ns = woken_ns});
    counters_.budget_ns.set(poller_.budget_ns());
    if (!timers_.empty())
        progress |= timers_.run(now_ns());
    return progress;
}

/// How long the loop may sleep: not at all while there is work.
std::int64_t AioContext::timeout_ns() const {
    if (!events_.empty() || !bottom_halves_.empty())
        return 0;
    const auto deadline_ns = timers_.deadline_ns();
    return deadline_ns ? std::max<std::int64_t>(0, *deadline_ns - now_ns()) : kForever;
}

// --- polling ---

/// Whether spinning would see everything that can happen.
bool AioContext::may_spin() const {
    return poller_.budget_ns() >= kLeastBudgetNs && (monitor_->sees_events() || plain_handlers_ == 0);
}

/// Spin, if that is likely to pay; the time that remains to sleep, 0 once there is work.
std::int64_t AioContext::spin(std::int64_t timeout_ns) {
    if (timeout_ns == 0 || !may_spin())
        return timeout_ns;
    monitor_->submit(); // what is queued must not wait for the spin, nor forbid it
    if (monitor_->has_events())
        return 0;

    std::int64_t spun_ns = 0;
    const bool hit = spin_for(sooner(timeout_ns, poller_.budget_ns()), spun_ns);
    const bool due = timeout_ns != kForever && spun_ns >= timeout_ns;
    const bool useful = hit || due;
    (useful ? counters_.hits : counters_.misses).add();
    (useful ? counters_.useful_ns : counters_.wasted_ns).add(static_cast<std::uint64_t>(spun_ns));
    if (useful)
        return 0;
    return timeout_ns == kForever ? kForever : timeout_ns - spun_ns;
}

/// Rounds of user-space checks until one finds work; the last one is completed. True: work.
bool AioContext::spin_for(std::int64_t budget_ns, std::int64_t &spun_ns) {
    poll_mode_.enter();
    busy_passes_ = 0;
    const std::int64_t start_ns = now_ns();
    std::int64_t round_ns = start_ns;
    bool hit = false;
    for (;;) {
        hit = poll_mode_.probe_all();
        if (notifier_->notified()) {
            poller_.fired(notifier_->source_);
            hit = true;
        }
        hit |= monitor_->has_events();
        round_ns = now_ns();
        counters_.poll_rounds.add();
        if (hit || round_ns - start_ns >= budget_ns)
            break;
        relax_cpu();
    }
    if (monitor_->sees_events()) // else a spin would not notice the descriptor of a dropped handler
        hit |= poll_mode_.drop_idle(round_ns);
    spun_ns = round_ns - start_ns;
    return hit;
}

/// Poll mode outlives passes that do not spin. Its producers do not kick, so they are looked at all the same.
void AioContext::probe_while_busy() {
    if (!poll_mode_.on() || ++busy_passes_ < kPassesBetweenLooks)
        return;
    busy_passes_ = 0;
    counters_.poll_rounds.add();
    poll_mode_.probe_all();
}

// --- waiting ---

/// Sleep at most `timeout_ns`, and collect what the monitor has.
void AioContext::wait(std::int64_t timeout_ns) {
    if (timeout_ns != 0) {
        sleep(timeout_ns);
    } else {
        probe_while_busy();
        if (must_look())
            monitor_->wait(0);
    }
}

/// From the announcement on, every notify() writes to the eventfd. Poll mode ends after it and not before:
/// what a poll_end() queues notifies as well.
void AioContext::sleep(std::int64_t timeout_ns) {
    if (notifier_->prepare_wait() || poll_mode_.leave())
        timeout_ns = 0;
    if (timeout_ns == 0) {
        monitor_->wait(0);
    } else {
        block(timeout_ns);
    }
    notifier_->finish_wait();
}

/// The system call that sleeps; now and then its price is measured.
void AioContext::block(std::int64_t timeout_ns) {
    const bool sample = meter_.sample();
    const std::int64_t cpu_ns = sample ? thread_cpu_ns() : 0;
    const std::int64_t start_ns = now_ns();
    monitor_->wait(timeout_ns);
    const std::int64_t slept_ns = now_ns() - start_ns;
    if (sample) {
        meter_.add_cpu(thread_cpu_ns() - cpu_ns);
        set_block_cost(meter_.cost());
    }
    slept_ = true;
    counters_.blocks.add();
    counters_.blocked_ns.add(static_cast<std::uint64_t>(slept_ns));

    const std::int64_t signalled_ns = notifier_->take_signalled_ns();
    if (signalled_ns >= start_ns)
        note_latency(start_ns + slept_ns - signalled_ns, slept_ns);
    else if (timeout_ns != kForever && slept_ns >= timeout_ns)
        note_latency(slept_ns - timeout_ns, slept_ns);
}

/// The loop runs so long after it should have woken.
void AioContext::note_latency(std::int64_t latency_ns, std::int64_t slept_ns) {
    counters_.wakes.add(latency_ns);
    meter_.add_latency(latency_ns, slept_ns);
    set_block_cost(meter_.cost());
}

void AioContext::set_block_cost(const BlockCost &cost) {
    poller_.set_block_cost(cost);
    counters_.block_cpu_ns.set(cost.cpu_ns);
    counters_.block_latency_ns.set(cost.latency_ns);
}

/// Whether wait(0) may find something. A monitor that can only tell by a system call is asked each time for
/// the sake of handlers without a probe, else now and then.
bool AioContext::must_look() {
    if (monitor_->has_events() || monitor_->has_submissions())
        return true;
    if (monitor_->sees_events())
        return false;
    if (plain_handlers_ == 0 && ++unlooked_passes_ < kPassesBetweenLooks)
        return false;
    unlooked_passes_ = 0;
    return true;
}

// --- dispatch ---

bool AioContext::dispatch(std::int64_t now_ns) {
    bool progress = false;
    events_.start_dispatch();
    while (AioCompletion *const operation = events_.take_completed()) {
        --operations_;
        poller_.fired(completions_);
        operation->complete(operation->result_);
        progress = true;
    }
    progress |= bottom_halves_.run();
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
    if (poller_.enabled()) {
        if (!resumed) // else it is no event of its own
            poller_.fired(handler.source_);
        handler.last_dispatch_ns_ = now_ns;
        if (handler.has_probe_)
            poll_mode_.join(handler);
    }
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
    if (drained == AioHandler::Drained::yes && !poll_mode_.on() && handler.probe())
        return AioHandler::Drained::no;
    return drained;
}

// --- handlers, operations, timers ---

void AioContext::add(AioHandler &handler) {
    assert_home_thread();
    assert(handler.context_ == nullptr);
    handler.context_ = this;
    handler.has_probe_ = handler.has_probe();
    ++handlers_;
    plain_handlers_ += handler.has_probe_ ? 0 : 1;
    monitor_->add(handler);
    wake_external();
}

void AioContext::remove(AioHandler &handler) {
    assert_home_thread();
    assert(handler.context_ == this);
    monitor_->remove(handler);
    events_.forget(handler);
    poll_mode_.forget(handler);
    poller_.forget(handler.source_);
    std::replace(dispatching_.begin(), dispatching_.end(), &handler, static_cast<AioHandler *>(nullptr));
    --handlers_;
    plain_handlers_ -= handler.has_probe_ ? 0 : 1;
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
    ++operations_;
    if (max_batch_ > 0 && ring_->queued() >= max_batch_)
        ring_->submit();
    wake_external();
}

void AioContext::arm(AioTimer &timer, std::int64_t deadline_ns) {
    assert_home_thread();
    if (timers_.insert(timer, deadline_ns))
        wake();
}

ThreadPool &AioContext::thread_pool() {
    assert_home_thread();
    if (pool_ == nullptr)
        pool_ = std::make_unique<ThreadPool>(*this, pool_limits_);
    return *pool_;
}

// --- wake-ups ---

void AioContext::schedule(BottomHalfNode &node) {
    if (current_context == this) {
        bottom_halves_.schedule(node);
        wake();
    } else {
        const Visit visit{*this};
        bottom_halves_.schedule(node);
        notifier_->notify();
    }
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
    in_home_thread([this, parameters] {
        poller_.set_parameters(parameters);
        counters_.budget_ns.set(0);
        if (!poller_.enabled())
            poll_mode_.leave();
    });
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
