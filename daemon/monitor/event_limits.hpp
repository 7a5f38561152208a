// SPDX-License-Identifier: Apache-2.0
//
// kEventLimits: the one place that says which events are limited in their rate. An event belongs here when it
// can come in masses and each one makes those before it worthless; one that tells a change which no later one
// repeats does not.
#pragma once

#include "protocol/qmp/event_throttle.hpp"

#include <array>
#include <chrono>

namespace iothreadd {

inline constexpr std::array kEventLimits{
    EventLimit{.event = "IOTHREAD_STALLED", .interval = std::chrono::seconds{1}, .split_by = "iothread"},
};

} // namespace iothreadd
