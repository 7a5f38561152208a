// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/weighted_policy.hpp"

#include "daemon/aio/saturating.hpp"

#include <algorithm>

namespace iothreadd {

void WeightedPolicy::observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) {
    age(known, wait.ns);
    if (fired.empty())
        return;
    std::int64_t longest_ns = 0;
    for (PollSource &source : fired)
        longest_ns = std::max(longest_ns, mix_in(source, wait.ns));
    adjust_budget(longest_ns);
}

/// For a source that did not fire, this wait was part of a longer interval.
void WeightedPolicy::age(PollSource::List &known, std::int64_t waited_ns) const {
    for (auto next = known.begin(); next != known.end();) {
        std::int64_t &estimate_ns = next->estimate_ns;
        estimate_ns = saturating_add(estimate_ns, waited_ns);
        if (estimate_ns > parameters_.max_ns) {
            estimate_ns = 0;
            next = known.erase(next);
        } else {
            ++next;
        }
    }
}

/// The new estimate of a source that fired.
std::int64_t WeightedPolicy::mix_in(PollSource &source, std::int64_t waited_ns) const {
    std::int64_t &estimate_ns = source.estimate_ns;
    // Both terms are shifted on their own, as in QEMU: its numbers are the reference.
    estimate_ns = estimate_ns == 0
                      ? waited_ns
                      : estimate_ns - (estimate_ns >> parameters_.weight) + (waited_ns >> parameters_.weight);
    if (estimate_ns > parameters_.max_ns)
        estimate_ns = 0;
    return estimate_ns;
}

void WeightedPolicy::adjust_budget(std::int64_t longest_ns) {
    if (longest_ns > budget_ns_)
        budget_ns_ = std::min(parameters_.max_ns,
                              std::max(longest_ns, saturating_multiply(budget_ns_, parameters_.grow)));
    else if (longest_ns < budget_ns_ / parameters_.shrink)
        budget_ns_ /= parameters_.shrink;
}

} // namespace iothreadd
