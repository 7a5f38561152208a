// SPDX-License-Identifier: Apache-2.0
//
// The QMP commands about IOThreads.
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/iothread/poll_rule_qapi.hpp"
#include "daemon/util/qmp_context.hpp"
#include "qapi/iothread_commands.hpp"
#include "qapi/iothread_types.hpp"

namespace iothreadd {
namespace {

qapi::IOThreadInfo describe(const IOThreadSnapshot &iothread) {
    const IOThreadParameters parameters = iothread.parameters.in_force();
    qapi::IOThreadInfo info{.id = iothread.id,
                            .thread_id = iothread.thread_id,
                            .poll_max_ns = parameters.poll_max_ns,
                            .poll_grow = parameters.poll_grow,
                            .poll_shrink = parameters.poll_shrink,
                            .poll_weight = parameters.poll_weight,
                            .poll_policy = to_qapi(parameters.poll_policy),
                            .poll_latency_weight = parameters.poll_latency_weight,
                            .aio_max_batch = parameters.aio_max_batch,
                            .holders = {}};
    info.holders.reserve(iothread.holders.size());
    for (const Holder &holder : iothread.holders)
        info.holders.push_back(to_qapi(holder));
    return info;
}

/// Without the zeros at the end.
std::vector<std::int64_t> to_qapi(const TimeHistogram &histogram) {
    std::vector<std::int64_t> counts{histogram.begin(), histogram.end()};
    while (!counts.empty() && counts.back() == 0)
        counts.pop_back();
    return counts;
}

std::int64_t to_qapi(std::uint64_t count) { return static_cast<std::int64_t>(count); }

qapi::IOThreadHolderStats describe(const HolderStatsSnapshot &holder) {
    const AioAccountStats &stats = holder.stats;
    qapi::IOThreadHolderStats info;
    info.holder = to_qapi(holder.holder);
    info.callbacks = to_qapi(stats.callbacks);
    info.run_ns = to_qapi(stats.run_ns);
    info.longest_run_ns = to_qapi(stats.longest_run_ns);
    info.requests = to_qapi(stats.requests);
    info.bytes = to_qapi(stats.bytes);
    info.hits = to_qapi(stats.hits);
    info.useful_ns = to_qapi(stats.useful_ns);
    info.wakes = to_qapi(stats.wakes);
    info.gap_histogram = to_qapi(stats.gaps);
    return info;
}

qapi::IOThreadStats describe(const IOThreadStatsSnapshot &iothread) {
    const AioStats &stats = iothread.stats;
    qapi::IOThreadStats info;
    info.id = iothread.id;
    info.thread_id = iothread.thread_id;
    info.cpu_ns = iothread.cpu_ns;
    info.cpus = iothread.cpus;
    info.fd_monitor = iothread.has_ring ? qapi::IOThreadFdMonitor::io_uring : qapi::IOThreadFdMonitor::epoll;
    if (!iothread.fallback_reason.empty())
        info.fallback_reason = iothread.fallback_reason;
    info.passes = to_qapi(stats.passes);
    info.enters = to_qapi(stats.enters);
    info.sqes = to_qapi(stats.sqes);
    info.polling = {.budget_ns = stats.budget_ns,
                    .rounds = to_qapi(stats.poll_rounds),
                    .hits = to_qapi(stats.hits),
                    .misses = to_qapi(stats.misses),
                    .useful_ns = to_qapi(stats.useful_ns),
                    .wasted_ns = to_qapi(stats.wasted_ns),
                    .yields = to_qapi(stats.yields),
                    .backoffs = to_qapi(stats.backoffs)};
    info.blocks = {.count = to_qapi(stats.blocks),
                   .ns = to_qapi(stats.blocked_ns),
                   .cost_cpu_ns = stats.block_cost.cpu_ns,
                   .cost_latency_ns = stats.block_cost.latency_ns};
    info.gap_histogram = to_qapi(stats.gaps);
    info.wake_histogram = to_qapi(stats.wakes);
    info.running_ns = iothread.running_ns;
    info.stalls = to_qapi(stats.stalls);
    for (const HolderStatsSnapshot &holder : iothread.holders)
        info.holders.push_back(describe(holder));
    return info;
}

} // namespace

// Allows out-of-band execution: any thread.
Result<std::vector<qapi::IOThreadInfo>> qmp_query_iothreads(QmpContext &context) {
    std::vector<qapi::IOThreadInfo> infos;
    for (const IOThreadSnapshot &iothread : context.iothreads.snapshots())
        infos.push_back(describe(iothread));
    return infos;
}

// Allows out-of-band execution: any thread.
Result<std::vector<qapi::IOThreadStats>> qmp_query_iothread_stats(QmpContext &context) {
    std::vector<qapi::IOThreadStats> infos;
    for (const IOThreadStatsSnapshot &iothread : context.iothreads.stats())
        infos.push_back(describe(iothread));
    return infos;
}

} // namespace iothreadd
