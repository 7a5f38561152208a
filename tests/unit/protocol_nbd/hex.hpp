// SPDX-License-Identifier: Apache-2.0
//
// Bytes as hexadecimal text, so that tests read like the protocol document.
#pragma once

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::test {

inline std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

/// Blanks separate fields and mean nothing.
inline std::vector<std::uint8_t> from_hex(std::string_view text) {
    std::vector<std::uint8_t> bytes;
    std::string digits;
    for (const char c : text) {
        if (!std::isspace(static_cast<unsigned char>(c)))
            digits += c;
        if (digits.size() == 2) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return bytes;
}

inline std::string without_blanks(std::string_view text) { return to_hex(from_hex(text)); }

} // namespace iothreadd::test
