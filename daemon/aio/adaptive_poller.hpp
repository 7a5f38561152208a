// SPDX-License-Identifier: Apache-2.0
//
// AdaptivePoller: the polling policy of one event loop, and the sources of events that it knows. It collects
// which of them fired in a pass; the policy decides.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/poll_policy.hpp"
#include "daemon/aio/poll_source.hpp"

#include <cstdint>
#include <memory>

namespace iothreadd {

class AdaptivePoller {
public:
    explicit AdaptivePoller(const PollParameters &parameters = {}) { set_parameters(parameters); }
    AdaptivePoller(const AdaptivePoller &) = delete;
    AdaptivePoller &operator=(const AdaptivePoller &) = delete;
    ~AdaptivePoller() { forget_all(); }

    /// Take new parameters; what was learnt under the old ones is forgotten.
    void set_parameters(const PollParameters &parameters);

    /// Whether there is anything to decide: false while max_ns is 0.
    bool enabled() const { return policy_ != nullptr; }

    /// How long the next wait may spin.
    std::int64_t budget_ns() const { return enabled() ? policy_->budget_ns() : 0; }

    /// `source` had an event in this pass; more than once counts once.
    void fired(PollSource &source);

    /// End of a pass.
    void observe(const PollPolicy::Wait &wait);

    /// What sleeping costs here.
    void set_block_cost(const BlockCost &cost);

    /// `source` starts again from nothing.
    void forget(PollSource &source);

private:
    void forget_all();

    std::unique_ptr<PollPolicy> policy_; // null: never spin
    BlockCost cost_;
    PollSource::List fired_; // had an event in this pass
    PollSource::List known_; // did not, and something was learnt about them
};

} // namespace iothreadd
