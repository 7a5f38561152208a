// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/terminal_text.hpp"

#include "protocol/qmp/utf8.hpp"

#include <algorithm>
#include <span>

namespace iothreadd {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x2FFFD}, {0x30000, 0x3FFFD},
};

constexpr Range kNoColumn[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x2060, 0x2064}, {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
};

constexpr Range kNotTypeable[] = {
    {0x00, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}, // bidirectional overrides are in both
};

bool contains(std::span<const Range> ranges, char32_t c) {
    return std::ranges::any_of(ranges,
                               [c](const Range &range) { return c >= range.first && c <= range.last; });
}

constexpr bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

} // namespace

bool is_typeable(char32_t code_point) { return !contains(kNotTypeable, code_point); }

bool is_typeable(std::string_view text) {
    while (!text.empty()) {
        const Utf8Step step = decode_utf8(text);
        if (!step.code_point || !is_typeable(*step.code_point))
            return false;
        text.remove_prefix(step.bytes);
    }
    return true;
}

std::size_t column_width(char32_t code_point) {
    if (code_point < 0x300) // nearly always
        return 1;
    if (contains(kNoColumn, code_point))
        return 0;
    return contains(kWide, code_point) ? 2 : 1;
}

std::size_t column_width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Utf8Step step = decode_utf8(text);
        columns += column_width(step.code_point.value_or(U'?'));
        text.remove_prefix(step.bytes);
    }
    return columns;
}

std::size_t next_code_point(std::string_view text, std::size_t at) {
    if (at >= text.size())
        return text.size();
    for (++at; at < text.size() && continues(text[at]);)
        ++at;
    return at;
}

std::size_t previous_code_point(std::string_view text, std::size_t at) {
    if (at == 0)
        return 0;
    for (--at; at > 0 && continues(text[at]);)
        --at;
    return at;
}

} // namespace iothreadd
