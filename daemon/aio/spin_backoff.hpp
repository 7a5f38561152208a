// SPDX-License-Identifier: Apache-2.0
//
// SpinBackoff: keeps a loop from spinning on a CPU that others want. Who spins there loses its time slice and
// then waits behind them, for milliseconds, when it has something to do; or keeps the very thread from
// running whose events it waits for. A program is not told who else wants its CPU, but there are signs: a
// jump of the clock between two rounds of a spin, the kernel's count of involuntary switches, and spins that
// find next to nothing. After a sign the loop sleeps at once for a number of waits, twice as many each time
// that the next try shows a sign, too.
//
// Thread: home thread only (a calculation).
#pragma once

#include <cstdint>

namespace iothreadd {

class SpinBackoff {
public:
    /// Between two rounds of a spin, which take some 50 ns: too long for an interrupt, or one of the
    /// hypervisor.
    static constexpr std::int64_t kJumpNs = 500'000;
    /// The kernel is asked once in so many spins: 150 ns.
    static constexpr unsigned kSpinsPerCheck = 16;
    static constexpr unsigned kFirstWaits = 16;
    static constexpr unsigned kMostWaits = 4096;
    static constexpr std::int64_t kMostNs = 1'000'000'000; ///< nor for longer than that, if waits are rare
    /// So many checks in a row without a sign, some milliseconds of spinning: start again with kFirstWaits.
    static constexpr unsigned kGoodChecks = 16;

    /// Spinning that takes longer than that for each hit does not pay, whatever it saves: judged over so many
    /// spins, fewer when the last verdict was bad.
    static constexpr std::int64_t kMostPerHitNs = 200'000;
    static constexpr unsigned kSpinsPerVerdict = 64;
    static constexpr unsigned kSpinsPerRetrial = 16;

    /// How a spin went.
    struct Spin {
        std::int64_t ns;
        std::int64_t longest_round_ns; ///< between two looks at the clock
        bool hit;
    };

    /// Whether the wait that begins at `now_ns` may spin. Counts the waits: ask once for each.
    bool may_spin(std::int64_t now_ns);

    /// A spin is over. True: call check().
    bool spun(const Spin &spin);

    /// How often the kernel took the CPU away from this thread since it began.
    void check(std::int64_t involuntary_switches);

    /// How often it backed off.
    std::uint64_t count() const { return count_; }

private:
    bool pays(const Spin &spin);
    void back_off();

    std::uint64_t count_ = 0;
    unsigned waits_left_ = 0;
    std::int64_t until_ns_ = 0; // or until then; 0: not known yet
    unsigned next_waits_ = kFirstWaits;
    unsigned spins_ = 0;        // since the last check
    unsigned judged_spins_ = 0; // since the last verdict; what they took and found
    std::int64_t judged_ns_ = 0;
    std::int64_t judged_hits_ = 0;
    unsigned good_checks_ = 0;         // in a row
    std::int64_t switches_ = kUnknown; // at the last check

    static constexpr std::int64_t kUnknown = -1;
};

} // namespace iothreadd
