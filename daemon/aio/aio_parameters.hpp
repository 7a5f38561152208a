// SPDX-License-Identifier: Apache-2.0
//
// What an operator can set on an event loop, and the defaults with their reasons. Ranges are checked where
// the numbers come in (the iothread object); here they are in range.
//
// Thread: any.  Source: QEMU 11.1's iothread properties poll-*, thread-pool-*.
#pragma once

#include <cstdint>

namespace iothreadd {

/// Which rule decides how long to spin.
enum class PollRule { weighted, classic, predictive };

/// Adaptive polling: how long a loop may spin before it sleeps, and how that is decided.
struct PollParameters {
    static constexpr std::int64_t kDefaultMaxNs =
        32768; ///< from QEMU's NVMe measurements of 2016, depths 1 and 32
    static constexpr std::int64_t kDefaultGrow = 2;
    static constexpr std::int64_t kDefaultShrink = 2; ///< of the weighted rule
    static constexpr std::int64_t kDefaultWeight = 3; ///< an eighth of each new interval
    static constexpr std::int64_t kDefaultLatencyWeight =
        4; ///< from simulations: least CPU without lost latency

    PollRule rule = PollRule::weighted;
    std::int64_t max_ns = kDefaultMaxNs;                 ///< 0: never spin
    std::int64_t grow = 0;                               ///< 0: the rule's own
    std::int64_t shrink = 0;                             ///< 0: the rule's own
    std::int64_t weight = 0;                             ///< a shift, 0 to 63; 0: the rule's own
    std::int64_t latency_weight = kDefaultLatencyWeight; ///< nanoseconds of CPU that one of latency is worth

    /// What is in force where 0 leaves it to the rule. That of ClassicPolicy has a use for 0 itself: `shrink`
    /// 0 drops the time at once.
    constexpr PollParameters resolved() const {
        PollParameters resolved = *this;
        if (grow == 0)
            resolved.grow = kDefaultGrow;
        if (shrink == 0 && rule != PollRule::classic)
            resolved.shrink = kDefaultShrink;
        if (weight == 0)
            resolved.weight = kDefaultWeight;
        return resolved;
    }

    bool operator==(const PollParameters &) const = default;
};

/// What it costs a loop to sleep and be woken, against spinning. The defaults were measured between two
/// pinned threads of a virtual machine with two CPUs.
struct BlockCost {
    std::int64_t cpu_ns = 5500;     ///< CPU time of going to sleep and waking up
    std::int64_t latency_ns = 5400; ///< from the event to the first instruction, after a short sleep

    static constexpr std::int64_t kHitLatencyNs = 250; ///< the same when the loop spins
    static constexpr std::int64_t kPollModeNs = 150;   ///< CPU time of entering and leaving poll mode

    bool operator==(const BlockCost &) const = default;
};

/// How many workers a context's thread pool keeps, and how many it may have: 0 <= min <= max, max > 0.
struct ThreadPoolLimits {
    int min = 0;
    int max = 64;

    bool operator==(const ThreadPoolLimits &) const = default;
};

} // namespace iothreadd
