// SPDX-License-Identifier: Apache-2.0
//
// AioStats: what an event loop did so far, so that polling is measured and not believed. AioCounters is the
// live side: each counter is written by the home thread alone, so counting is a plain add, and any thread may
// read.
//
// Thread: AioCounters: the home thread counts, any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace iothreadd {

/// A snapshot; times are nanoseconds, the rest are events since the context was created.
struct AioStats {
    std::uint64_t passes = 0;      ///< iterations of the loop
    std::uint64_t poll_rounds = 0; ///< looks at every poll handler and at the completion queue
    std::uint64_t hits = 0;        ///< spins that ended with work
    std::uint64_t misses = 0;      ///< spins that used up their budget
    std::uint64_t spun_ns = 0;
    std::uint64_t blocks = 0; ///< times the loop went to sleep
    std::uint64_t blocked_ns = 0;
    std::uint64_t enters = 0;   ///< system calls of the fd monitor, to submit, to look or to sleep
    std::uint64_t sqes = 0;     ///< SQEs handed to the kernel
    std::int64_t budget_ns = 0; ///< what the next spin may take
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

    Counter<std::uint64_t> passes, poll_rounds, hits, misses, spun_ns, blocks, blocked_ns, enters, sqes;
    Counter<std::int64_t> budget_ns;

    AioStats snapshot() const {
        return {passes.get(), poll_rounds.get(), hits.get(),   misses.get(), spun_ns.get(),
                blocks.get(), blocked_ns.get(),  enters.get(), sqes.get(),   budget_ns.get()};
    }
};

} // namespace iothreadd
