// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/event_history.hpp"

#include <fmt/format.h>

#include <random>

namespace iothreadd {

EventHistory::EventHistory() {
    std::random_device random;
    instance_ = fmt::format("{:08x}{:08x}", random(), random());
}

void EventHistory::add(const QmpEvent &event, std::size_t bytes) {
    records_.push_back({++last_seq_, bytes, event});
    bytes_ += bytes;
    while (records_.size() > kMaxEvents || bytes_ > kMaxBytes) {
        bytes_ -= records_.front().bytes;
        records_.pop_front();
    }
}

} // namespace iothreadd
