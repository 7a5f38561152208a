// SPDX-License-Identifier: Apache-2.0
//
// ClassicPolicy: every source has a spinning time of its own, and the budget is the longest. A wait that
// spinning could have covered doubles the time of the source that ended it, a longer one drops it.
//
// A time that was learnt once keeps the budget up until its source has not fired for kIdleNs.
//
// Thread: home thread only.  Source: observed behaviour of QEMU 10.2's polling.
#pragma once

#include "daemon/aio/clock.hpp"
#include "daemon/aio/poll_policy.hpp"

namespace iothreadd {

class ClassicPolicy final : public PollPolicy {
public:
    /// Where a time starts to grow.
    static constexpr std::int64_t kFirstNs = 4000;
    static constexpr std::int64_t kIdleNs = 7 * kNsPerSecond;

    explicit ClassicPolicy(const PollParameters &parameters) : parameters_(parameters.resolved()) {}

    std::int64_t budget_ns() const override { return budget_ns_; }
    void observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) override;
    void forget(PollSource &source) override;

private:
    std::int64_t adjusted(std::int64_t time_ns, std::int64_t waited_ns) const;
    void drop_idle(PollSource::List &known, std::int64_t now_ns);

    const PollParameters parameters_;
    std::int64_t budget_ns_ = 0;
    bool longest_gone_ = false; // the source that the budget came from has a shorter time now, or none
};

} // namespace iothreadd
