// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread.hpp"

#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/thread.hpp"
#include "qapi/iothread_events.hpp"
#include "qapi/iothread_types.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <ranges>
#include <utility>

namespace iothreadd {
namespace {

std::vector<std::string> describe_all(const std::vector<Holder> &holders, std::size_t at_most) {
    std::vector<std::string> texts;
    for (const Holder &holder : holders | std::views::take(at_most))
        texts.push_back(describe(holder));
    return texts;
}

} // namespace

IOThread::IOThread(std::string id, IOThreadParameters parameters, FdMonitorKind fd_monitor,
                   IOThreadPool &pool)
    : Object(std::move(id)),
      pool_(pool),
      parameters_(parameters),
      fd_monitor_(fd_monitor),
      report_stall_(pool.main_context(), [this] { report_stall(); }) {}

IOThread::~IOThread() {
    assert_main_thread();
    abort_if_held();
    if (thread_.joinable())
        stop();
}

Result<void> IOThread::complete() {
    assert_main_thread();
    if (auto checked = parameters_.check_thread_pool(); !checked)
        return checked;
    std::promise<Result<void>> started;
    auto outcome = started.get_future();
    {
        const SignalsBlocked inherited_by_the_thread;
        thread_ = std::thread{&IOThread::run, this, std::move(started)};
    }
    auto result = outcome.get();
    if (!result) {
        thread_.join();
        return result;
    }
    if (!parameters_.cpu_affinity.empty())
        if (auto set = set_cpu_affinity(thread_id_, parameters_.cpu_affinity); !set) {
            end_thread();
            return set;
        }
    context_->set_poll_parameters(parameters_.poll()); // it learns of its CPUs
    pool_.insert(*this);
    pool_.stall_watch().limits_changed();
    return {};
}

void IOThread::run(std::promise<Result<void>> started) {
    set_thread_name("IO " + id());
    auto context = AioContext::create({.fd_monitor = fd_monitor_,
                                       .loop = AioContext::Loop::own,
                                       .on_wake = [this] { pool_.stall_watch().woke(); },
                                       .on_stall = [this](const AioStall &stall) { note_stall(stall); }});
    if (!context) {
        started.set_value(context.error());
        return;
    }
    AioContext &loop = **context;
    loop.set_poll_parameters(parameters_.poll());
    loop.set_stall_limit(parameters_.stall_limit_ns);
    loop.set_max_batch(parameters_.aio_max_batch);
    loop.set_thread_pool_limits(parameters_.thread_pool());
    context_ = &loop;
    thread_id_ = ::gettid();
    ::pthread_getcpuclockid(::pthread_self(), &cpu_clock_);
    running_ = true;
    started.set_value({});
    while (running_)
        loop.poll(true);
}

void IOThread::stop() {
    pool_.erase(*this);
    end_thread();
}

void IOThread::end_thread() {
    context_->post([this] { running_ = false; });
    thread_.join();
    context_ = nullptr;
}

Result<void> IOThread::prepare_delete() {
    const auto held_by = holders();
    if (held_by.empty())
        return {};
    const auto named = describe_all(held_by, kHoldersNamed);
    const std::string more =
        held_by.size() > named.size() ? fmt::format(" and {} more", held_by.size() - named.size()) : "";
    return generic_error("object '{}' is in use, can not be deleted: held by {}{}", id(),
                         fmt::join(named, ", "), more);
}

HolderToken IOThread::hold(Holder holder) {
    assert_main_thread();
    assert(context_ != nullptr);
    auto entry = std::make_unique<HolderEntry>(std::move(holder), this, *context_);
    {
        const std::lock_guard lock(lock_);
        holders_.push_front(*entry);
    }
    emit(pool_.events(), qapi::IothreadHolderAddedEvent{.iothread = id(), .holder = to_qapi(entry->holder)});
    return HolderToken{std::move(entry)};
}

void IOThread::detach(HolderEntry &entry) {
    {
        const std::lock_guard lock(lock_);
        holders_.erase(holders_.iterator_to(entry));
    }
    emit(pool_.events(), qapi::IothreadHolderRemovedEvent{.iothread = id(), .holder = to_qapi(entry.holder)});
}

std::vector<Holder> IOThread::holders() const {
    const std::lock_guard lock(lock_);
    std::vector<Holder> copy;
    copy.reserve(holders_.size());
    for (const HolderEntry &entry : holders_)
        copy.push_back(entry.holder);
    return copy;
}

IOThreadSnapshot IOThread::snapshot() const {
    IOThreadSnapshot taken{.id = id(), .thread_id = thread_id_, .parameters = {}, .holders = holders()};
    const std::lock_guard lock(lock_);
    taken.parameters = parameters_;
    return taken;
}

IOThreadStatsSnapshot IOThread::stats() const {
    timespec used{};
    ::clock_gettime(cpu_clock_, &used);
    const std::int64_t running_since_ns = context_->running().since_ns;
    IOThreadStatsSnapshot taken{
        .id = id(),
        .thread_id = thread_id_,
        .cpu_ns = used.tv_sec * kNsPerSecond + used.tv_nsec,
        .cpus = cpu_affinity(thread_id_),
        .has_ring = context_->has_ring(),
        .fallback_reason = context_->fallback_reason(),
        .stats = context_->stats(),
        .running_ns =
            running_since_ns == 0 ? 0 : std::max<std::int64_t>(0, monotonic_ns() - running_since_ns),
        .holders = {}};
    const std::lock_guard lock(lock_);
    taken.holders.reserve(holders_.size());
    for (const HolderEntry &entry : holders_)
        taken.holders.push_back({entry.holder, entry.account->snapshot()});
    return taken;
}

/// None: the loop's own account, or that of a holder who has left.
std::optional<Holder> IOThread::holder_of(const AioAccount *account) const {
    for (const HolderEntry &entry : holders_)
        if (entry.account.get() == account)
            return entry.holder;
    return std::nullopt;
}

/// In the thread itself. If the main thread is behind, it hears of the last one only.
void IOThread::note_stall(const AioStall &stall) {
    {
        const std::lock_guard lock(lock_);
        stall_ = {.ns = stall.ns, .holder = holder_of(stall.account)};
    }
    report_stall_.schedule();
}

void IOThread::report_stall() {
    std::optional<Stall> stall;
    {
        const std::lock_guard lock(lock_);
        stall = std::exchange(stall_, std::nullopt);
    }
    if (stall)
        emit_stall(*stall, true);
}

bool IOThread::look_for_stall() {
    const RunMeter::Running running = context_->running();
    const std::uint64_t passes = context_->stats().passes;
    const bool active = running.since_ns != 0 || passes != passes_seen_;
    passes_seen_ = passes;
    const std::int64_t ran_ns = monotonic_ns() - running.since_ns;
    if (running.since_ns == 0 || running.since_ns == stall_told_since_ ||
        ran_ns <= parameters_.stall_limit_ns)
        return active;
    stall_told_since_ = running.since_ns;
    std::optional<Holder> holder;
    {
        const std::lock_guard lock(lock_);
        holder = holder_of(running.account);
    }
    emit_stall({.ns = ran_ns, .holder = std::move(holder)}, false);
    return active;
}

void IOThread::emit_stall(const Stall &stall, bool ended) {
    qapi::IothreadStalledEvent event{.iothread = id(), .ns = stall.ns, .ended = ended, .holder = {}};
    if (stall.holder)
        event.holder = to_qapi(*stall.holder);
    if (const std::int64_t now_ns = monotonic_ns(); now_ns - stall_logged_ns_ >= kNsPerSecond) {
        stall_logged_ns_ = now_ns;
        spdlog::warn("iothread '{}': callbacks {} {:.6f} ms{}", id(),
                     ended ? "took" : "have been running for", static_cast<double>(stall.ns) / 1e6,
                     stall.holder ? ", mostly of " + describe(*stall.holder) : "");
    }
    emit(pool_.events(), std::move(event));
}

void IOThread::abort_if_held() const {
    const auto left = holders();
    if (left.empty())
        return;
    fmt::print(stderr, "iothread '{}' destroyed while held by {}\n", id(),
               fmt::join(describe_all(left, left.size()), ", "));
    std::abort();
}

/// Also where the list is the old one: somebody else may have changed what is in force.
Result<void> IOThread::set_cpus(CpuList cpus) {
    assert_main_thread();
    if (auto set = set_cpu_affinity(thread_id_, cpus); !set)
        return set;
    {
        const std::lock_guard lock(lock_);
        parameters_.cpu_affinity = std::move(cpus);
    }
    context_->set_poll_parameters(parameters_.poll()); // it learns of its CPUs
    return {};
}

Result<void> IOThread::set_parameters(const IOThreadParameters &parameters) {
    assert_main_thread();
    if (auto checked = parameters.check_thread_pool(); !checked)
        return checked;
    assert(parameters.cpu_affinity == parameters_.cpu_affinity);
    {
        const std::lock_guard lock(lock_);
        parameters_ = parameters;
    }
    context_->set_poll_parameters(parameters_.poll());
    context_->set_stall_limit(parameters_.stall_limit_ns);
    pool_.stall_watch().limits_changed();
    context_->set_max_batch(parameters_.aio_max_batch);
    context_->set_thread_pool_limits(parameters_.thread_pool());
    return {};
}

} // namespace iothreadd
