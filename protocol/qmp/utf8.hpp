// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 as QMP has it: noncharacters are refused, and U+0000 is the two bytes C0 80 ("modified UTF-8"), so
// that a string from a client never has a NUL that would cut a file name short. One decoder for JSON in and
// JSON out: what we print, we also read.
//
// Source: Unicode 15, chapter 3.9; QMP's string rules as observed in QEMU 11.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace iothreadd {

struct Utf8Step {
    std::optional<char32_t> code_point; ///< none: not a valid sequence
    std::size_t bytes = 0;              ///< to go on by; at least 1
};

/// What `text`, which is not empty, begins with.
Utf8Step decode_utf8(std::string_view text);

/// Append a valid code point.
void append_utf8(std::string &out, char32_t code_point);

/// Whether a string read from JSON has U+0000 in it. No name, path or text that a command takes may: it would
/// be cut short, or not be UTF-8, wherever it goes.
bool contains_nul(std::string_view text);

/// A code point that a JSON text may contain: neither a surrogate, nor a noncharacter, nor past U+10FFFF.
constexpr bool is_json_character(char32_t c) {
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    const bool noncharacter = (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
    return c <= 0x10FFFF && !surrogate && !noncharacter;
}

} // namespace iothreadd
