// SPDX-License-Identifier: Apache-2.0
//
// PredictivePolicy: spins for as long as would have cost least in the past. What comes next depends on what
// came last (after a request a completion, after a completion a request), so every source has a history of
// the gaps after its events, one for each class of the gap before: short, medium, long.
//
// Cost is CPU time plus latency times PollParameters::latency_weight. When nothing is known it spins for the
// price of being woken, which costs at most twice the best that could be done.
//
// Thread: home thread only.  Source: rent-or-buy with a learnt distribution; simulations.
#pragma once

#include "daemon/aio/poll_policy.hpp"

namespace iothreadd {

class PredictivePolicy final : public PollPolicy {
public:
    explicit PredictivePolicy(const PollParameters &parameters);

    std::int64_t budget_ns() const override { return budget_ns_; }
    void observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) override;
    void set_block_cost(const BlockCost &cost) override;
    void forget(PollSource &source) override;

private:
    std::size_t class_of(std::int64_t gap_ns) const;
    GapHistory &history_after(PollSource &source, std::int64_t gap_ns) const;

    const GapBuckets buckets_;
    const std::int64_t latency_weight_;
    std::int64_t miss_ns_ = 0;      // the price of being woken
    std::int64_t default_ns_ = 0;   // how long to spin when nothing is known
    PollSource *last_ = nullptr;    // fired last
    GapHistory *awaited_ = nullptr; // of last_: the one that the next gap belongs to
    std::int64_t gone_ns_ = 0;      // of the next gap, in passes that no source ended
    std::int64_t budget_ns_ = 0;
};

} // namespace iothreadd
