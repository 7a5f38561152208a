// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/adaptive_poller.hpp"

namespace iothreadd {

void AdaptivePoller::set_parameters(const PollParameters &parameters) {
    forget_all();
    policy_ = parameters.max_ns != 0 ? PollPolicy::create(parameters) : nullptr;
    set_block_cost(cost_);
}

void AdaptivePoller::set_block_cost(const BlockCost &cost) {
    cost_ = cost;
    if (enabled())
        policy_->set_block_cost(cost);
}

void AdaptivePoller::forget(PollSource &source) {
    if (source.known())
        policy_->forget(source);
    source.hook_.unlink();
    source.fired_ = false;
}

void AdaptivePoller::forget_all() {
    for (PollSource::List *list : {&fired_, &known_}) {
        while (!list->empty())
            forget(list->front());
    }
}

void AdaptivePoller::fired(PollSource &source) {
    if (source.fired_ || !enabled())
        return;
    source.fired_ = true;
    source.hook_.unlink();
    fired_.push_back(source);
}

void AdaptivePoller::observe(const PollPolicy::Wait &wait) {
    if (!enabled())
        return;
    policy_->observe(wait, fired_, known_);
    while (!fired_.empty()) {
        PollSource &source = fired_.front();
        source.fired_ = false;
        fired_.pop_front();
        if (source.known())
            known_.push_back(source);
    }
}

} // namespace iothreadd
