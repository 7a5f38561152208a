// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_waiter.hpp"

#include "daemon/aio/aio_account.hpp"
#include "daemon/aio/fd_events.hpp"
#include "daemon/aio/fd_monitor.hpp"
#include "daemon/aio/notifier.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace iothreadd {

namespace {
constexpr std::int64_t kForever = FdMonitor::kForever;

// The price of entering and leaving poll mode; a smaller budget buys nothing (measured in tests/bench).
constexpr std::int64_t kLeastBudgetNs = 500;

// A loop that is busy with other things still probes, or looks at its descriptors, every so many passes.
constexpr int kPassesBetweenLooks = 8;

// A spin looks with a system call in so many of its rounds, of 50 ns each; more rarely where the descriptors
// are mere kicks of handlers that are probed.
constexpr unsigned kRoundsPerPeek = 2;
constexpr unsigned kRoundsPerRarePeek = 32;

// Other loops write what this check reads.
constexpr unsigned kRoundsPerCrowdCheck = 8;

std::int64_t sooner(std::int64_t timeout_ns, std::int64_t budget_ns) {
    return timeout_ns == kForever ? budget_ns : std::min(timeout_ns, budget_ns);
}

std::int64_t remaining(std::int64_t timeout_ns, std::int64_t gone_ns) {
    return timeout_ns == kForever ? kForever : std::max<std::int64_t>(0, timeout_ns - gone_ns);
}

std::int64_t thread_cpu_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); // a system call
    return used.tv_sec * kNsPerSecond + used.tv_nsec;
}

std::int64_t involuntary_switches() {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used); // a system call
    return used.ru_nivcsw;
}

void relax_cpu() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}
} // namespace

AioWaiter::AioWaiter(const Parts &parts, const PollParameters &parameters)
    : clock_(parts.clock),
      yields_(parts.yields),
      counters_(parts.counters),
      events_(parts.events),
      monitor_(parts.monitor),
      notifier_(parts.notifier),
      poller_(parameters),
      poll_mode_(parts.events) {
    publish_block_cost();
}

void AioWaiter::set_parameters(const PollParameters &parameters) {
    poller_.set_parameters(parameters);
    counters_.budget_ns.set(0);
    if (!poller_.enabled())
        poll_mode_.leave();
    presence_.refresh();
}

AioWaiter::Waited AioWaiter::wait(std::int64_t timeout_ns) {
    Waited waited{.start_ns = enabled() ? clock_() : 0};
    timeout_ns = spin(timeout_ns, waited);
    if (timeout_ns != 0) {
        waited.slept = sleep(timeout_ns);
    } else {
        probe_while_busy();
        // The rest keeps the next pass from spinning, if it can be seen then.
        const bool found_enough = waited.hit && !events_.empty() && monitor_.sees_events();
        if (!found_enough && must_look())
            monitor_.wait(0);
    }
    waited.end_ns = clock_();
    return waited;
}

void AioWaiter::observe(const Waited &waited, AioAccount *served) {
    if (served != nullptr)
        served->wakes.add(waited.slept ? 1 : 0);
    if (!enabled() || waited.start_ns == 0)
        return;
    const std::int64_t waited_ns = waited.end_ns - waited.start_ns;
    const std::int64_t gap_ns = waited.slept ? gap_before_waking(waited) : waited_ns;
    counters_.gaps.add(gap_ns);
    if (served != nullptr) {
        served->gaps.add(gap_ns);
        served->hits.add(waited.hit ? 1 : 0);
        served->useful_ns.add(waited.hit ? static_cast<std::uint64_t>(waited.spun_ns) : 0);
    }
    poller_.observe({.ns = waited_ns, .gap_ns = gap_ns, .end_ns = waited.end_ns});
    const std::int64_t budget_ns = poller_.budget_ns();
    counters_.budget_ns.set(budget_ns >= kLeastBudgetNs ? budget_ns : 0);
}

/// When the event came that ended a sleep: not while the loop spun; as long ago as waking up takes, which
/// varies, so it was at most three quarters of the sleep.
std::int64_t AioWaiter::gap_before_waking(const Waited &waited) const {
    const std::int64_t waited_ns = waited.end_ns - waited.start_ns;
    const std::int64_t slept_ns = waited_ns - waited.spun_ns;
    return waited_ns - std::min(meter_.cost().latency_ns, slept_ns / 4 * 3);
}

// --- spinning ---

/// Whether spinning is likely to pay, and takes the CPU from nobody.
bool AioWaiter::may_spin(std::int64_t now_ns) {
    if (poller_.budget_ns() < kLeastBudgetNs)
        return false;
    presence_.wake();
    const bool wanted_by_others = yields_ && (!backoff_.may_spin(now_ns) || presence_.crowded());
    if (wanted_by_others)
        counters_.yields.add();
    return !wanted_by_others;
}

/// Spin, if that is likely to pay; the time that remains to sleep, 0 once there is work.
std::int64_t AioWaiter::spin(std::int64_t timeout_ns, Waited &waited) {
    if (timeout_ns == 0 || !may_spin(waited.start_ns))
        return timeout_ns;
    monitor_.submit(); // what is queued must not wait for the spin, nor forbid it
    if (monitor_.has_events())
        return 0;

    const bool found = spin_for(sooner(timeout_ns, poller_.budget_ns()), waited);
    const bool useful = found || remaining(timeout_ns, waited.spun_ns) == 0; // or a timer is due
    waited.hit = useful;
    (useful ? counters_.hits : counters_.misses).add();
    (useful ? counters_.useful_ns : counters_.wasted_ns).add(static_cast<std::uint64_t>(waited.spun_ns));
    return useful ? 0 : remaining(timeout_ns, waited.spun_ns);
}

/// Rounds of checks until one finds work; the last one is completed. True: work.
bool AioWaiter::spin_for(std::int64_t budget_ns, Waited &waited) {
    poll_mode_.enter();
    const std::int64_t start_ns = clock_();
    std::int64_t round_ns = start_ns;
    std::int64_t longest_ns = 0;
    bool hit = false;
    for (unsigned round = 1;; ++round) {
        hit = look(round);
        const std::int64_t now_ns = clock_();
        longest_ns = std::max(longest_ns, now_ns - round_ns);
        round_ns = now_ns;
        counters_.poll_rounds.add();
        if (hit || round_ns - start_ns >= budget_ns)
            break;
        if (yields_ && round % kRoundsPerCrowdCheck == 0 && presence_.give_way()) {
            counters_.yields.add();
            break;
        }
        relax_cpu();
    }
    hit |= poll_mode_.drop_idle(round_ns);
    waited.spun_ns = round_ns - start_ns;
    if (backoff_.spun({.ns = waited.spun_ns, .longest_round_ns = longest_ns, .hit = hit}))
        backoff_.check(involuntary_switches());
    counters_.backoffs.set(backoff_.count());
    return hit;
}

/// One round. Completions that mean nothing to anybody do not end the spin.
bool AioWaiter::look(unsigned round) {
    poll_mode_.probe_round();
    if (monitor_.has_events())
        monitor_.wait(0);
    else if (round % (plain_handlers_ > 0 ? kRoundsPerPeek : kRoundsPerRarePeek) == 0)
        monitor_.peek();
    if (!notifier_.notified())
        return !events_.empty();
    poller_.fired(notifier_.source_);
    return true;
}

/// Poll mode outlives passes that do not spin. Its producers do not kick, so they are looked at all the same.
void AioWaiter::probe_while_busy() {
    if (!poll_mode_.on() || ++busy_passes_ < kPassesBetweenLooks)
        return;
    busy_passes_ = 0;
    counters_.poll_rounds.add();
    poll_mode_.probe_all();
}

/// Whether wait(0) may find something. A monitor that can only tell by a system call is asked each time for
/// the sake of handlers without a probe, else now and then.
bool AioWaiter::must_look() {
    if (monitor_.has_events() || monitor_.has_submissions())
        return true;
    if (monitor_.sees_events())
        return false;
    if (plain_handlers_ == 0 && ++unlooked_passes_ < kPassesBetweenLooks)
        return false;
    unlooked_passes_ = 0;
    return true;
}

// --- sleeping ---

/// From the announcement on, every notify() writes to the eventfd. Poll mode ends after it and not before:
/// what a poll_end() queues notifies as well. True: it really slept.
bool AioWaiter::sleep(std::int64_t timeout_ns) {
    const bool has_work = notifier_.prepare_wait() || poll_mode_.leave();
    if (has_work)
        monitor_.wait(0);
    else
        block(timeout_ns);
    notifier_.finish_wait();
    return !has_work;
}

void AioWaiter::block(std::int64_t timeout_ns) {
    presence_.sleep();
    const std::int64_t start_ns = clock_();
    const BlockMeter::Sample sample = meter_.next_sleep();
    if (sample == BlockMeter::Sample::latency && enabled())
        timeout_ns = try_alarm(timeout_ns);
    const std::int64_t cpu_ns = sample == BlockMeter::Sample::cpu ? thread_cpu_ns() : 0;
    if (timeout_ns != 0)
        block_once(timeout_ns);
    if (sample == BlockMeter::Sample::cpu) {
        meter_.add_cpu(thread_cpu_ns() - cpu_ns);
        publish_block_cost();
        presence_.refresh();
    }
    counters_.blocks.add();
    counters_.blocked_ns.add(static_cast<std::uint64_t>(clock_() - start_ns));
    presence_.wake();
}

/// The system call that sleeps.
void AioWaiter::block_once(std::int64_t timeout_ns) {
    const std::int64_t start_ns = clock_();
    monitor_.wait(timeout_ns);
    const std::int64_t slept_ns = clock_() - start_ns;
    const std::int64_t signalled_ns = notifier_.take_signalled_ns();
    if (signalled_ns >= start_ns)
        note_latency(start_ns + slept_ns - signalled_ns, slept_ns);
    else if (timeout_ns != kForever && slept_ns >= timeout_ns)
        note_latency(slept_ns - timeout_ns, slept_ns);
}

/// Sleep for a moment only: how late the alarm comes tells what waking up takes, whatever the loop waits for.
/// The time that remains to sleep, 0: there is work.
std::int64_t AioWaiter::try_alarm(std::int64_t timeout_ns) {
    if (timeout_ns != kForever && timeout_ns <= BlockMeter::kAlarmNs)
        return timeout_ns;
    const std::int64_t start_ns = clock_();
    monitor_.wait(BlockMeter::kAlarmNs);
    const std::int64_t slept_ns = clock_() - start_ns;
    if (slept_ns >= BlockMeter::kAlarmNs) { // also if something came while the thread was waking up
        meter_.add_latency(slept_ns - BlockMeter::kAlarmNs, slept_ns);
        publish_block_cost();
    }
    const bool has_work = !events_.empty() || notifier_.notified();
    return has_work ? 0 : remaining(timeout_ns, slept_ns);
}

/// The loop runs so long after it should have woken.
void AioWaiter::note_latency(std::int64_t latency_ns, std::int64_t slept_ns) {
    counters_.wakes.add(latency_ns);
    meter_.add_latency(latency_ns, slept_ns);
    publish_block_cost();
}

void AioWaiter::publish_block_cost() {
    const BlockCost &cost = meter_.cost();
    poller_.set_block_cost(cost);
    counters_.block_cpu_ns.set(cost.cpu_ns);
    counters_.block_latency_ns.set(cost.latency_ns);
}

} // namespace iothreadd
