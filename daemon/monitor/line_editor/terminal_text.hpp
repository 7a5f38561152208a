// SPDX-License-Identifier: Apache-2.0
//
// Text on a terminal: what of it is a character, and how many columns it takes. The widths are a few ranges:
// two columns for East Asian and emoji, none for the combining marks of alphabets and for joiners, one for
// everything else. Where a terminal sees a character differently (marks of Indic scripts, emoji of more than
// one code point), the cursor is off by that until the line ends.
//
// Thread: any thread.  Source: Unicode 15, annex 11 and the blocks of combining marks.
#pragma once

#include <cstddef>
#include <string_view>

namespace iothreadd {

/// Whether a line may contain it: not a control character, and nothing that starts a new line or turns the
/// direction of what follows.
bool is_typeable(char32_t code_point);

/// The same for a text; false as well if it is not UTF-8.
bool is_typeable(std::string_view text);

/// 0, 1 or 2.
std::size_t column_width(char32_t code_point);

/// Of UTF-8 text.
std::size_t column_width(std::string_view text);

/// The offset of the code point that begins after, or before, the one at `at`; the end, or 0, if there is
/// none.
std::size_t next_code_point(std::string_view text, std::size_t at);
std::size_t previous_code_point(std::string_view text, std::size_t at);

} // namespace iothreadd
