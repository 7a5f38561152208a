// SPDX-License-Identifier: Apache-2.0
//
// WeightedPolicy: every source has an estimate of its interval: a moving average of the waits that it ended,
// forgotten once it exceeds the limit. The budget follows the longest estimate among the sources that just
// fired: it grows to reach it and shrinks when it is far above.
//
// Thread: home thread only.  Source: observed behaviour of QEMU 11.1's weighted polling.
#pragma once

#include "daemon/aio/poll_policy.hpp"

namespace iothreadd {

class WeightedPolicy final : public PollPolicy {
public:
    explicit WeightedPolicy(const PollParameters &parameters) : parameters_(parameters.resolved()) {}

    std::int64_t budget_ns() const override { return budget_ns_; }
    void observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) override;
    void forget(PollSource &source) override { source.estimate_ns = 0; }

private:
    void age(PollSource::List &known, std::int64_t waited_ns) const;
    std::int64_t mix_in(PollSource &source, std::int64_t waited_ns) const;
    void adjust_budget(std::int64_t longest_ns);

    const PollParameters parameters_;
    std::int64_t budget_ns_ = 0;
};

} // namespace iothreadd
