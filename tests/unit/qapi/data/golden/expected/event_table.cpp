// SPDX-License-Identifier: Apache-2.0
//
// The names of all events. Generated from the QAPI schema.

#include "golden/event_table.hpp"

#include <array>

namespace iothreadd {
namespace {

constexpr std::array<std::string_view, 5> kEvents{{
    "NODE_ADDED",
    "PAINT_ADDED",
    "PAINT_DRY",
    "PAINT_EMPTY",
    "TINT_ADDED",
}};

} // namespace

std::span<const std::string_view> event_table() { return kEvents; }

} // namespace iothreadd
