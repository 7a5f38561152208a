// SPDX-License-Identifier: Apache-2.0
//
// PollSource: something that ends the waits of an event loop: a handler, the completions of its ring, other
// threads' notifications. It carries what the polling policy has learnt about it.
//
// Thread: home thread only.  Lifetime: AdaptivePoller::forget() before it is destroyed while its loop goes
// on.
#pragma once

#include "daemon/aio/gap_history.hpp"
#include "daemon/aio/intrusive.hpp"

#include <cstdint>
#include <memory>

namespace iothreadd {

class PollSource {
public:
    std::int64_t estimate_ns = 0;              ///< ClassicPolicy, WeightedPolicy; 0: not known
    std::int64_t fired_ns = 0;                 ///< ClassicPolicy: when it last had an event
    std::unique_ptr<GapHistories> histories{}; ///< PredictivePolicy; null: not known

    bool known() const { return estimate_ns != 0 || histories != nullptr; }

private:
    friend class AdaptivePoller;
    bool fired_ = false; // in the current pass
    AutoHook hook_;

public:
    using List = AutoList<PollSource, &PollSource::hook_>;
};

} // namespace iothreadd
