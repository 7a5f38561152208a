// SPDX-License-Identifier: Apache-2.0
//
// SpinBackoff: keeps a loop from spinning on a CPU that others want. Who spins there loses its time slice and
// then waits behind them, for milliseconds, when it has something to do. A program is not told who else wants
// its CPU, but it can see that it was taken away: a jump of the clock between two rounds of a spin, or the
// kernel's count of involuntary switches. After such a sign the loop sleeps at once for a number of waits,
// twice as many each time that the next try shows a sign, too.
//
// Thread: home thread only (a calculation).
#pragma once

#include <cstdint>

namespace iothreadd {

class SpinBackoff {
public:
    /// Between two rounds of a spin, which take some 50 ns: long enough to be no interrupt.
    static constexpr std::int64_t kJumpNs = 50'000;
    /// The kernel is asked once in so many spins: 150 ns.
    static constexpr unsigned kSpinsPerCheck = 16;
    static constexpr unsigned kFirstWaits = 16;
    static constexpr unsigned kMostWaits = 4096;
    /// So many checks in a row without a sign, some milliseconds of spinning: start again with kFirstWaits.
    static constexpr unsigned kGoodChecks = 16;

    /// Whether the next wait may spin. Counts the waits: ask once for each.
    bool may_spin();

    /// A spin is over; its longest time between two looks at the clock. True: call check().
    bool spun(std::int64_t longest_round_ns);

    /// How often the kernel took the CPU away from this thread since it began.
    void check(std::int64_t involuntary_switches);

    /// How often it backed off.
    std::uint64_t count() const { return count_; }

private:
    void back_off();

    std::uint64_t count_ = 0;
    unsigned waits_left_ = 0;
    unsigned next_waits_ = kFirstWaits;
    unsigned spins_ = 0;               // since the last check
    unsigned good_checks_ = 0;         // in a row
    std::int64_t switches_ = kUnknown; // at the last check

    static constexpr std::int64_t kUnknown = -1;
};

} // namespace iothreadd
