// SPDX-License-Identifier: Apache-2.0
//
// EventThrottle: keeps events that can come in masses from flooding clients. The first of a kind goes out at
// once; of those that follow within the interval only the last is kept, and goes out at the interval's end,
// which starts the next one. Time comes from the caller.
//
// Thread: main thread.  Source: rate-limited events as observed in QEMU 11.1.
#pragma once

#include "protocol/qmp/json.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iothreadd {

/// At most one `event` per interval, and per value of its string member `split_by` when that is not empty.
struct EventLimit {
    std::string_view event;
    std::chrono::nanoseconds interval{};
    std::string_view split_by;
};

/// An event that is on its way to the clients. `data` is absent when there is none.
struct QmpEvent {
    std::string name;
    std::optional<Json> data;
    std::chrono::system_clock::time_point when; ///< what its time stamp says
};

class EventThrottle {
public:
    using Clock = std::chrono::steady_clock;
    /// Kinds (events times the values that split them) that are limited at a time; what is beyond goes out at
    /// once.
    static constexpr std::size_t kMaxKinds = 4096;

    /// `limits` must outlive this.
    explicit EventThrottle(std::span<const EventLimit> limits) : limits_(limits) {}

    /// The event again when it is to be sent now; otherwise it is kept, in place of an earlier one.
    std::optional<QmpEvent> admit(QmpEvent event, Clock::time_point now);
    /// When due() has something to do; nothing: never, as things are.
    std::optional<Clock::time_point> deadline() const;
    /// The kept events whose interval is over, in the order of their intervals.
    std::vector<QmpEvent> due(Clock::time_point now);
    /// All kept events, because no time is left.
    std::vector<QmpEvent> flush();

private:
    using Kind = std::pair<std::string, std::string>; ///< event and the value that splits it
    struct Interval {
        Clock::time_point end;
        std::chrono::nanoseconds length;
        std::optional<QmpEvent> kept;
    };

    const EventLimit *limit_of(std::string_view event) const;

    std::span<const EventLimit> limits_;
    std::map<Kind, Interval> intervals_;
};

} // namespace iothreadd
