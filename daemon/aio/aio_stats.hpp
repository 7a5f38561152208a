// SPDX-License-Identifier: Apache-2.0
//
// AioStats: what an event loop did so far, so that polling is measured and not believed. AioCounters is the
// live side.
//
// Thread: AioCounters: the home thread counts, any thread reads.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/relaxed_counter.hpp"

#include <cstdint>

namespace iothreadd {

/// A snapshot; times are nanoseconds, the rest are events since the context was created.
struct AioStats {
    std::uint64_t passes = 0;      ///< iterations of the loop
    std::uint64_t poll_rounds = 0; ///< looks at every poll handler and at the completion queue
    std::uint64_t hits = 0;        ///< spins that ended with work
    std::uint64_t misses = 0;      ///< spins that used up their budget
    std::uint64_t useful_ns = 0;   ///< spun, with work at the end
    std::uint64_t wasted_ns = 0;   ///< spun in vain
    std::uint64_t yields = 0;      ///< waits that did not spin because others wanted the CPU
    std::uint64_t backoffs = 0;    ///< times that the CPU was found to be taken away
    std::uint64_t blocks = 0;      ///< times the loop went to sleep
    std::uint64_t blocked_ns = 0;
    std::uint64_t enters = 0;   ///< system calls of the fd monitor, to submit, to look or to sleep
    std::uint64_t sqes = 0;     ///< SQEs handed to the kernel
    std::uint64_t stalls = 0;   ///< passes whose callbacks took longer than the limit
    std::int64_t budget_ns = 0; ///< what the next spin may take
    BlockCost block_cost{};     ///< as measured
    TimeHistogram gaps{};       ///< until the next event, while polling is enabled
    TimeHistogram wakes{};      ///< from when the loop should have woken, where that is known

    std::uint64_t spun_ns() const { return useful_ns + wasted_ns; }
};

class AioCounters {
public:
    RelaxedCounter<std::uint64_t> passes, poll_rounds, hits, misses, useful_ns, wasted_ns, yields, backoffs,
        blocks, blocked_ns, enters, sqes, stalls;
    RelaxedCounter<std::int64_t> budget_ns, block_cpu_ns{}, block_latency_ns{};
    TimeCounter gaps, wakes;

    AioStats snapshot() const {
        return {.passes = passes.get(),
                .poll_rounds = poll_rounds.get(),
                .hits = hits.get(),
                .misses = misses.get(),
                .useful_ns = useful_ns.get(),
                .wasted_ns = wasted_ns.get(),
                .yields = yields.get(),
                .backoffs = backoffs.get(),
                .blocks = blocks.get(),
                .blocked_ns = blocked_ns.get(),
                .enters = enters.get(),
                .sqes = sqes.get(),
                .stalls = stalls.get(),
                .budget_ns = budget_ns.get(),
                .block_cost = {.cpu_ns = block_cpu_ns.get(), .latency_ns = block_latency_ns.get()},
                .gaps = gaps.get(),
                .wakes = wakes.get()};
    }
};

} // namespace iothreadd
