// SPDX-License-Identifier: Apache-2.0
//
// Numbers with one writer and any number of readers: counting is a load and a store, no locked instruction,
// about a nanosecond. What a reader takes is a moment's value of each number on its own.
//
// Thread: one counts, any reads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace iothreadd {

template <class T>
class RelaxedCounter {
public:
    void add(T amount = 1) { set(static_cast<T>(value_.load(std::memory_order_relaxed) + amount)); }
    void set(T value) { value_.store(value, std::memory_order_relaxed); }
    T get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<T> value_{0};
};

/// How often a time was how long: element i is for 2^i to 2^(i+1)-1 ns, the first one for 0, too, the last
/// one for everything above.
using TimeHistogram = std::array<std::uint64_t, 36>;

class TimeCounter {
public:
    void add(std::int64_t time_ns) {
        const auto width = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(1, time_ns)));
        counts_[std::min(static_cast<std::size_t>(width) - 1, counts_.size() - 1)].add();
    }
    TimeHistogram get() const {
        TimeHistogram copy;
        std::ranges::transform(counts_, copy.begin(), &RelaxedCounter<std::uint64_t>::get);
        return copy;
    }

private:
    std::array<RelaxedCounter<std::uint64_t>, std::tuple_size_v<TimeHistogram>> counts_;
};

} // namespace iothreadd
