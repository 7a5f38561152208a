// SPDX-License-Identifier: Apache-2.0
//
// kEventLimits: the one place that says which events are limited in their rate. An event belongs here when it
// can come in masses and each one makes those before it worthless; one that tells a change which no later one
// repeats does not. So far there is none of the former.
#pragma once

#include "protocol/qmp/event_throttle.hpp"

#include <span>

namespace iothreadd {

inline constexpr std::span<const EventLimit> kEventLimits{};

} // namespace iothreadd
