// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/run_meter.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {

void RunMeter::begin(std::int64_t now_ns) {
    run_ = {};
    longest_ns_ = -1;
    charged_until_ns_ = began_ns_ = now_ns;
    since_ns_.store(now_ns); // seq_cst, for who stops looking: either sees the other (StallWatch)
}

void RunMeter::charge(AioAccount *account) {
    AioAccount &payer = account != nullptr ? *account : own_;
    if (&payer != &current())
        switch_to(payer);
    if (run_.first == nullptr && &payer != &own_)
        run_.first = &payer;
    payer.callbacks.add();
}

RunMeter::Run RunMeter::end() {
    switch_to(own_);
    run_.end_ns = charged_until_ns_;
    run_.ns = charged_until_ns_ - began_ns_;
    since_ns_.store(0, std::memory_order_relaxed);
    return run_;
}

/// Charge the time so far.
void RunMeter::switch_to(AioAccount &account) {
    const std::int64_t now_ns = clock_();
    const std::int64_t ran_ns = std::max<std::int64_t>(0, now_ns - std::exchange(charged_until_ns_, now_ns));
    AioAccount &payer = current();
    payer.count_run(ran_ns);
    if (&payer != &own_ && ran_ns > longest_ns_) {
        longest_ns_ = ran_ns;
        run_.longest = &payer;
    }
    current_.store(&account, std::memory_order_relaxed);
}

AioAccount &RunMeter::suspend() {
    AioAccount &outer = current();
    switch_to(own_);
    since_ns_.store(0, std::memory_order_relaxed);
    return outer;
}

void RunMeter::begin_inner(std::int64_t now_ns) {
    began_ns_ += now_ns - std::exchange(charged_until_ns_, now_ns);
    since_ns_.store(began_ns_, std::memory_order_relaxed);
}

} // namespace iothreadd
