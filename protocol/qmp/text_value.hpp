// SPDX-License-Identifier: Apache-2.0
//
// Values as people type them on a command line: booleans, integers in C notation, sizes with a suffix.
//
// Thread: any.  Source: QAPI's key=value conversions.
#pragma once

#include <cstdint>
#include <string>

namespace iothreadd::qapi {

// All return false, and leave `out` alone, when `text` is not wholly such a value.

/// on, yes, true, y; off, no, false, n.
bool parse_bool(const std::string &text, bool &out);
/// Decimal, 0x hex or leading-0 octal, after optional blanks and a sign.
bool parse_int64(const std::string &text, std::int64_t &out);
/// The same; a negative value wraps modulo 2^64.
bool parse_uint64(const std::string &text, std::uint64_t &out);
/// A finite number.
bool parse_number(const std::string &text, double &out);
/// Bytes: decimal or hex, or a decimal (fraction) with one of the suffixes B K M G T P E; below 2^64.
bool parse_size(const std::string &text, std::uint64_t &out);

} // namespace iothreadd::qapi
