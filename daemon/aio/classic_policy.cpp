// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/classic_policy.hpp"

#include "daemon/aio/saturating.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {

void ClassicPolicy::observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) {
    drop_idle(known, wait.end_ns);
    for (PollSource &source : fired) {
        const std::int64_t before_ns = source.estimate_ns;
        source.estimate_ns = adjusted(before_ns, wait.ns);
        source.fired_ns = wait.end_ns;
        longest_gone_ |= before_ns == budget_ns_ && source.estimate_ns < before_ns;
        budget_ns_ = std::max(budget_ns_, source.estimate_ns);
    }
    if (!std::exchange(longest_gone_, false))
        return;
    budget_ns_ = 0;
    for (const PollSource::List *list : {&fired, &known})
        for (const PollSource &source : *list)
            budget_ns_ = std::max(budget_ns_, source.estimate_ns);
}

/// The spinning time of a source after a wait that it ended.
std::int64_t ClassicPolicy::adjusted(std::int64_t time_ns, std::int64_t waited_ns) const {
    const std::int64_t max_ns = parameters_.max_ns;
    if (waited_ns <= time_ns)
        return time_ns;
    if (waited_ns > max_ns)
        return parameters_.shrink != 0 ? time_ns / parameters_.shrink : 0;
    if (time_ns < max_ns && waited_ns < max_ns)
        return std::min(max_ns, time_ns != 0 ? saturating_multiply(time_ns, parameters_.grow) : kFirstNs);
    return time_ns;
}

/// The list has those that fired longest ago at its front.
void ClassicPolicy::drop_idle(PollSource::List &known, std::int64_t now_ns) {
    while (!known.empty() && now_ns - known.front().fired_ns >= kIdleNs) {
        forget(known.front());
        known.pop_front();
    }
}

void ClassicPolicy::forget(PollSource &source) {
    longest_gone_ |= source.estimate_ns == budget_ns_ && budget_ns_ != 0;
    source.estimate_ns = 0;
}

} // namespace iothreadd
