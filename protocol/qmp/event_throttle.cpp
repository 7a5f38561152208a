// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/event_throttle.hpp"

#include <algorithm>

namespace iothreadd {
namespace {

/// The value of the string member that splits events of one name into kinds.
std::string split_value(const QmpEvent &event, std::string_view member) {
    if (member.empty() || !event.data)
        return {};
    const auto found = event.data->find(member);
    return found != event.data->end() && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace

const EventLimit *EventThrottle::limit_of(std::string_view event) const {
    const auto found = std::ranges::find(limits_, event, &EventLimit::event);
    return found == limits_.end() ? nullptr : &*found;
}

std::optional<QmpEvent> EventThrottle::admit(QmpEvent event, Clock::time_point now) {
    const EventLimit *limit = limit_of(event.name);
    if (limit == nullptr)
        return event;
    Kind kind{event.name, split_value(event, limit->split_by)};
    if (const auto found = intervals_.find(kind); found != intervals_.end()) {
        found->second.kept = std::move(event);
        return std::nullopt;
    }
    if (intervals_.size() < kMaxKinds)
        intervals_.emplace(std::move(kind), Interval{now + limit->interval, limit->interval, std::nullopt});
    return event;
}

std::optional<EventThrottle::Clock::time_point> EventThrottle::deadline() const {
    const auto first =
        std::ranges::min_element(intervals_, {}, [](const auto &entry) { return entry.second.end; });
    if (first == intervals_.end())
        return std::nullopt;
    return first->second.end;
}

std::vector<QmpEvent> EventThrottle::due(Clock::time_point now) {
    std::vector<std::pair<Clock::time_point, QmpEvent>> over;
    for (auto entry = intervals_.begin(); entry != intervals_.end();) {
        Interval &interval = entry->second;
        if (interval.end > now) {
            ++entry;
        } else if (!interval.kept) {
            entry = intervals_.erase(entry);
        } else {
            over.emplace_back(interval.end, *std::exchange(interval.kept, std::nullopt));
            interval.end += interval.length;
            ++entry;
        }
    }
    std::ranges::stable_sort(over, {}, [](const auto &entry) { return entry.first; });
    std::vector<QmpEvent> events;
    for (auto &[end, event] : over)
        events.push_back(std::move(event));
    return events;
}

std::vector<QmpEvent> EventThrottle::flush() {
    std::vector<QmpEvent> events = due(Clock::time_point::max());
    intervals_.clear();
    return events;
}

} // namespace iothreadd
