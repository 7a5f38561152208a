// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/spin_backoff.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {

bool SpinBackoff::may_spin(std::int64_t now_ns) {
    if (waits_left_ == 0)
        return true;
    if (until_ns_ == 0)
        until_ns_ = now_ns + kMostNs;
    waits_left_ = now_ns < until_ns_ ? waits_left_ - 1 : 0;
    return waits_left_ == 0 && now_ns >= until_ns_;
}

bool SpinBackoff::spun(const Spin &spin) {
    if (spin.longest_round_ns >= kJumpNs || !pays(spin)) {
        back_off();
        return false;
    }
    return ++spins_ >= kSpinsPerCheck;
}

/// A verdict now and then; true until the next.
bool SpinBackoff::pays(const Spin &spin) {
    judged_ns_ += spin.ns;
    judged_hits_ += spin.hit ? 1 : 0;
    if (++judged_spins_ < (next_waits_ == kFirstWaits ? kSpinsPerVerdict : kSpinsPerRetrial))
        return true;
    const bool pays = judged_ns_ <= judged_hits_ * kMostPerHitNs;
    judged_spins_ = 0;
    judged_ns_ = judged_hits_ = 0;
    return pays;
}

void SpinBackoff::check(std::int64_t involuntary_switches) {
    spins_ = 0;
    const std::int64_t before = std::exchange(switches_, involuntary_switches);
    if (before != kUnknown && involuntary_switches > before)
        back_off();
    else if (before != kUnknown && ++good_checks_ >= kGoodChecks)
        next_waits_ = kFirstWaits;
}

void SpinBackoff::back_off() {
    ++count_;
    waits_left_ = next_waits_;
    until_ns_ = 0;
    next_waits_ = std::min(2 * next_waits_, kMostWaits);
    good_checks_ = 0;
    spins_ = 0;
    switches_ = kUnknown; // what happens while it sleeps says nothing about spinning
}

} // namespace iothreadd
