// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/predictive_policy.hpp"

#include "daemon/aio/saturating.hpp"

#include <algorithm>

namespace iothreadd {

namespace {
// What a sleep costs where CPUs do not doze deeply; more is not believed. Waking an idle CPU of a virtual
// machine takes 20 us and more, but counting all of that would buy a little latency with much CPU (measured
// in tests/bench).
constexpr BlockCost kMostCost;
} // namespace

PredictivePolicy::PredictivePolicy(const PollParameters &parameters)
    : buckets_(parameters.max_ns), latency_weight_(parameters.latency_weight) {
    set_block_cost({});
    budget_ns_ = default_ns_;
}

void PredictivePolicy::set_block_cost(const BlockCost &cost) {
    const std::int64_t latency_ns =
        std::min(cost.latency_ns, kMostCost.latency_ns) - BlockCost::kHitLatencyNs;
    miss_ns_ =
        std::min(cost.cpu_ns, kMostCost.cpu_ns) + latency_weight_ * std::max<std::int64_t>(0, latency_ns);
    default_ns_ = std::min(miss_ns_, buckets_.max_ns());
}

void PredictivePolicy::observe(const Wait &wait, PollSource::List &fired, PollSource::List &) {
    const std::int64_t gap_ns = saturating_add(gone_ns_, wait.gap_ns);
    if (fired.empty()) { // a timer, say: the gap goes on, and so does its spinning time
        budget_ns_ = std::max<std::int64_t>(0, budget_ns_ - wait.gap_ns);
        gone_ns_ = gap_ns;
        return;
    }
    gone_ns_ = 0;
    if (awaited_ == nullptr)
        awaited_ = &history_after(fired.front(), 0);
    awaited_->add(gap_ns, {buckets_, BlockCost::kPollModeNs, miss_ns_, default_ns_});
    last_ = &fired.back();
    awaited_ = &history_after(*last_, gap_ns);
    budget_ns_ = awaited_->best_ns(default_ns_);
}

void PredictivePolicy::forget(PollSource &source) {
    source.histories.reset();
    if (last_ != &source)
        return;
    last_ = nullptr;
    awaited_ = nullptr;
    budget_ns_ = default_ns_;
}

/// Short: spinning could have covered it without being told more. Long: spinning may not cover it.
std::size_t PredictivePolicy::class_of(std::int64_t gap_ns) const {
    if (gap_ns <= default_ns_)
        return 0;
    return gap_ns <= buckets_.max_ns() ? 1 : 2;
}

GapHistory &PredictivePolicy::history_after(PollSource &source, std::int64_t gap_ns) const {
    if (source.histories == nullptr)
        source.histories = std::make_unique<GapHistories>();
    return (*source.histories)[class_of(gap_ns)];
}

} // namespace iothreadd
