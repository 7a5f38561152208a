// SPDX-License-Identifier: Apache-2.0
//
// JsonWriter: JSON text the way QMP servers print it: ", " and ": ", pure ASCII, numbers that any client
// reads back. It cannot fail: whatever has no JSON text becomes something that has one.
//
// Thread: any.  Source: QMP's output as observed in QEMU 11.1.
#pragma once

#include "protocol/qmp/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace iothreadd {

/// What ends a line that we send.
inline constexpr std::string_view kQmpLineEnd = "\r\n";

/// Append `value` as one line without its end. Invalid UTF-8 in a string becomes U+FFFD, a number that is not
/// finite null; neither comes out of JsonReader.
void write_json(std::string &out, const Json &value);

/// Append `text` as a JSON string, with its quotes.
void write_json_string(std::string &out, std::string_view text);

/// How many levels are indented; what is deeper stays in that column, or a small message that is nested
/// deeply would be printed at a thousand times its size.
inline constexpr std::size_t kMaxIndentedLevels = 32;

/// Append what write_json() made, spread over lines: 4 blanks per level, members in the order they have.
/// Shape: `compact` is one well-formed value with ", " and ": "; the last line is not ended.
void write_json_indented(std::string &out, std::string_view compact);

} // namespace iothreadd
