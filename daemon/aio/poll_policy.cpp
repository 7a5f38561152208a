// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/poll_policy.hpp"

#include "daemon/aio/classic_policy.hpp"
#include "daemon/aio/predictive_policy.hpp"
#include "daemon/aio/weighted_policy.hpp"

namespace iothreadd {

std::unique_ptr<PollPolicy> PollPolicy::create(const PollParameters &parameters) {
    switch (parameters.rule) {
    case PollRule::classic:
        return std::make_unique<ClassicPolicy>(parameters);
    case PollRule::predictive:
        return std::make_unique<PredictivePolicy>(parameters);
    case PollRule::weighted:
        break;
    }
    return std::make_unique<WeightedPolicy>(parameters);
}

} // namespace iothreadd
