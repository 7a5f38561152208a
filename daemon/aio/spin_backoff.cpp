// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/spin_backoff.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {

bool SpinBackoff::may_spin() {
    if (waits_left_ == 0)
        return true;
    --waits_left_;
    return false;
}

bool SpinBackoff::spun(std::int64_t longest_round_ns) {
    if (longest_round_ns >= kJumpNs) {
        back_off();
        return false;
    }
    return ++spins_ >= kSpinsPerCheck;
}

void SpinBackoff::check(std::int64_t involuntary_switches) {
    spins_ = 0;
    const std::int64_t before = std::exchange(switches_, involuntary_switches);
    if (before != kUnknown && involuntary_switches > before)
        back_off();
    else if (++good_checks_ >= kGoodChecks)
        next_waits_ = kFirstWaits;
}

void SpinBackoff::back_off() {
    ++count_;
    waits_left_ = next_waits_;
    next_waits_ = std::min(2 * next_waits_, kMostWaits);
    good_checks_ = 0;
    spins_ = 0;
    switches_ = kUnknown; // what happens while it sleeps says nothing about spinning
}

} // namespace iothreadd
