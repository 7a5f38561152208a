// SPDX-License-Identifier: Apache-2.0
//
// The names of all events. Generated from the QAPI schema.
#pragma once

#include <span>
#include <string_view>

namespace iothreadd {

/// All events, sorted by name.
std::span<const std::string_view> event_table();

} // namespace iothreadd
