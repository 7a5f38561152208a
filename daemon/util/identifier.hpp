// SPDX-License-Identifier: Apache-2.0
//
// The rule for ids that users give to objects, chardevs, exports and nodes: a letter, then letters, digits,
// '-',
// '.', '_'; any length; case matters.
//
// Thread: any.  Source: QMP object-add, argument id.
#pragma once

#include "daemon/util/result.hpp"

#include <algorithm>
#include <string_view>

namespace iothreadd {

constexpr bool is_identifier(std::string_view id) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto follows = [letter](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !id.empty() && letter(id.front()) && std::all_of(id.begin(), id.end(), follows);
}

/// Refuse a value of `parameter` that is no identifier; the hint is for a person at a command line.
inline Result<void> check_identifier(std::string_view parameter, std::string_view id) {
    if (is_identifier(id))
        return {};
    Error error = generic_error("Parameter '{}' expects an identifier", parameter);
    error.hint = "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.";
    return error;
}

} // namespace iothreadd
