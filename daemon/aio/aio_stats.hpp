// SPDX-License-Identifier: Apache-2.0
//
// AioStats: what an event loop did so far, so that polling is measured and not believed. AioCounters is the
// live side: each counter is written by the home thread alone, so counting is a plain add, and any thread may
// read.
//
// Thread: AioCounters: the home thread counts, any thread reads.
#pragma once

#include "daemon/aio/aio_parameters.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace iothreadd {

/// How often a time was how long: element i is for 2^i to 2^(i+1)-1 ns, the first one for 0, too, the last
/// one for everything above.
using TimeHistogram = std::array<std::uint64_t, 36>;

/// A snapshot; times are nanoseconds, the rest are events since the context was created.
struct AioStats {
    std::uint64_t passes = 0;      ///< iterations of the loop
    std::uint64_t poll_rounds = 0; ///< looks at every poll handler and at the completion queue
    std::uint64_t hits = 0;        ///< spins that ended with work
    std::uint64_t misses = 0;      ///< spins that used up their budget
    std::uint64_t useful_ns = 0;   ///< spun, with work at the end
    std::uint64_t wasted_ns = 0;   ///< spun in vain
    std::uint64_t blocks = 0;      ///< times the loop went to sleep
    std::uint64_t blocked_ns = 0;
    std::uint64_t enters = 0;   ///< system calls of the fd monitor, to submit, to look or to sleep
    std::uint64_t sqes = 0;     ///< SQEs handed to the kernel
    std::int64_t budget_ns = 0; ///< what the next spin may take
    BlockCost block_cost{};     ///< as measured
    TimeHistogram gaps{};       ///< until the next event, while polling is enabled
    TimeHistogram wakes{};      ///< from when the loop should have woken, where that is known

    std::uint64_t spun_ns() const { return useful_ns + wasted_ns; }
};

class AioCounters {
public:
    /// One number with one writer: a load and a store, no locked instruction.
    template <class T>
    class Counter {
    public:
        void add(T amount = 1) { set(static_cast<T>(value_.load(std::memory_order_relaxed) + amount)); }
        void set(T value) { value_.store(value, std::memory_order_relaxed); }
        T get() const { return value_.load(std::memory_order_relaxed); }

    private:
        std::atomic<T> value_{0};
    };

    class Histogram {
    public:
        void add(std::int64_t time_ns) {
            const auto width = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(1, time_ns)));
            counts_[std::min(static_cast<std::size_t>(width) - 1, counts_.size() - 1)].add();
        }
        TimeHistogram get() const {
            TimeHistogram copy;
            std::ranges::transform(counts_, copy.begin(), &Counter<std::uint64_t>::get);
            return copy;
        }

    private:
        std::array<Counter<std::uint64_t>, std::tuple_size_v<TimeHistogram>> counts_;
    };

    Counter<std::uint64_t> passes, poll_rounds, hits, misses, useful_ns, wasted_ns, blocks, blocked_ns,
        enters, sqes;
    Counter<std::int64_t> budget_ns, block_cpu_ns{}, block_latency_ns{};
    Histogram gaps, wakes;

    AioStats snapshot() const {
        return {.passes = passes.get(),
                .poll_rounds = poll_rounds.get(),
                .hits = hits.get(),
                .misses = misses.get(),
                .useful_ns = useful_ns.get(),
                .wasted_ns = wasted_ns.get(),
                .blocks = blocks.get(),
                .blocked_ns = blocked_ns.get(),
                .enters = enters.get(),
                .sqes = sqes.get(),
                .budget_ns = budget_ns.get(),
                .block_cost = {.cpu_ns = block_cpu_ns.get(), .latency_ns = block_latency_ns.get()},
                .gaps = gaps.get(),
                .wakes = wakes.get()};
    }
};

} // namespace iothreadd
