// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/adaptive_poller.hpp"

#include <algorithm>
#include <limits>

namespace iothreadd {

namespace {
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t saturating_add(std::int64_t a, std::int64_t b) { return a > kMost - b ? kMost : a + b; }

std::int64_t saturating_multiply(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}
} // namespace

void AdaptivePoller::set_parameters(const PollParameters &parameters) {
    parameters_ = parameters.resolved();
    forget_all();
}

void AdaptivePoller::forget(Source &source) {
    source.hook_.unlink();
    source.estimate_ns_ = 0;
    source.fired_ = false;
}

void AdaptivePoller::forget_all() {
    for (Sources *list : {&fired_, &others_}) {
        while (!list->empty())
            forget(list->front());
    }
    budget_ns_ = 0;
}

void AdaptivePoller::fired(Source &source) {
    if (source.fired_ || !enabled())
        return;
    source.fired_ = true;
    source.hook_.unlink();
    fired_.push_back(source);
}

void AdaptivePoller::observe(std::int64_t waited_ns) {
    if (!enabled())
        return;
    age_others(waited_ns);
    if (!fired_.empty())
        adjust_budget(update_fired(waited_ns));
}

/// For a source that did not fire, this wait was part of a longer interval.
void AdaptivePoller::age_others(std::int64_t waited_ns) {
    for (auto next = others_.begin(); next != others_.end();) {
        Source &source = *next++;
        source.estimate_ns_ = saturating_add(source.estimate_ns_, waited_ns);
        if (source.estimate_ns_ > parameters_.max_ns) {
            source.estimate_ns_ = 0;
            source.hook_.unlink();
        }
    }
}

/// The longest estimate among the sources that fired, which get this wait mixed in.
std::int64_t AdaptivePoller::update_fired(std::int64_t waited_ns) {
    std::int64_t longest_ns = 0;
    while (!fired_.empty()) {
        Source &source = fired_.front();
        std::int64_t &estimate_ns = source.estimate_ns_;
        // Both terms are shifted on their own, as in QEMU: its numbers are the reference.
        estimate_ns = estimate_ns == 0 ? waited_ns
                                       : estimate_ns - (estimate_ns >> parameters_.weight) +
                                             (waited_ns >> parameters_.weight);
        if (estimate_ns > parameters_.max_ns)
            estimate_ns = 0;
        longest_ns = std::max(longest_ns, estimate_ns);
        source.fired_ = false;
        fired_.pop_front();
        if (estimate_ns != 0)
            others_.push_back(source);
    }
    return longest_ns;
}

void AdaptivePoller::adjust_budget(std::int64_t longest_ns) {
    if (longest_ns > budget_ns_)
        budget_ns_ = std::min(parameters_.max_ns,
                              std::max(longest_ns, saturating_multiply(budget_ns_, parameters_.grow)));
    else if (longest_ns < budget_ns_ / parameters_.shrink)
        budget_ns_ /= parameters_.shrink;
}

} // namespace iothreadd
