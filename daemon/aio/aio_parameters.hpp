// SPDX-License-Identifier: Apache-2.0
//
// What an operator can set on an event loop, and the defaults with their reasons. Ranges are checked where
// the numbers come in (the iothread object); here they are in range.
//
// Thread: any.  Source: QEMU 11.1's iothread properties poll-*, thread-pool-*.
#pragma once

#include <cstdint>

namespace iothreadd {

/// Adaptive polling: how long a loop may spin before it sleeps, and how fast that budget moves.
struct PollParameters {
    static constexpr std::int64_t kDefaultMaxNs =
        32768; ///< from QEMU's NVMe measurements of 2016, depths 1 and 32
    static constexpr std::int64_t kDefaultGrow = 2;
    static constexpr std::int64_t kDefaultShrink = 2;
    static constexpr std::int64_t kDefaultWeight = 3; ///< an eighth of each new interval

    std::int64_t max_ns = kDefaultMaxNs; ///< 0: never spin
    std::int64_t grow = kDefaultGrow;
    std::int64_t shrink = kDefaultShrink;
    std::int64_t weight = kDefaultWeight; ///< a shift, 0 to 63

    /// The same with the default wherever 0 asks for it.
    constexpr PollParameters resolved() const {
        return {max_ns, grow ? grow : kDefaultGrow, shrink ? shrink : kDefaultShrink,
                weight ? weight : kDefaultWeight};
    }

    bool operator==(const PollParameters &) const = default;
};

/// How many workers a context's thread pool keeps, and how many it may have: 0 <= min <= max, max > 0.
struct ThreadPoolLimits {
    int min = 0;
    int max = 64;

    bool operator==(const ThreadPoolLimits &) const = default;
};

} // namespace iothreadd
