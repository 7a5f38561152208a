// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/utf8.hpp"

namespace iothreadd {

namespace {

struct Lead {
    std::size_t bytes; ///< of the whole sequence; 0 if no sequence begins like this
    char32_t bits;
    char32_t least; ///< smaller code points are overlong in this form
};

constexpr Lead classify_lead(unsigned char c) {
    if (c < 0x80)
        return {1, c, 0};
    if (c >= 0xC0 && c <= 0xDF)
        return {2, c & 0x1FU, 0x80};
    if (c >= 0xE0 && c <= 0xEF)
        return {3, c & 0x0FU, 0x800};
    if (c >= 0xF0 && c <= 0xF7)
        return {4, c & 0x07U, 0x10000};
    if (c >= 0xF8 && c <= 0xFD) // never valid since 2003, but still one sequence
        return {c <= 0xFB ? 5U : 6U, 1, 0};
    return {0, 0, 0};
}

} // namespace

Utf8Step decode_utf8(std::string_view text) {
    const Lead lead = classify_lead(static_cast<unsigned char>(text[0]));
    if (lead.bytes == 0)
        return {std::nullopt, 1};
    char32_t c = lead.bits;
    for (std::size_t i = 1; i < lead.bytes; ++i) {
        const auto next = i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
        if ((next & 0xC0U) != 0x80U)
            return {std::nullopt, i};
        c = c << 6 | (next & 0x3FU);
    }
    const bool nul = c == 0 && lead.bytes == 2;
    if (!nul && (c < lead.least || !is_json_character(c)))
        return {std::nullopt, lead.bytes};
    return {c, lead.bytes};
}

void append_utf8(std::string &out, char32_t c) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (c != 0 && c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6);
        put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12);
        put(0x80U | (c >> 6 & 0x3FU));
        put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | c >> 18);
        put(0x80U | (c >> 12 & 0x3FU));
        put(0x80U | (c >> 6 & 0x3FU));
        put(0x80U | (c & 0x3FU));
    }
}

bool contains_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos || text.find("\xC0\x80") != std::string_view::npos;
}

} // namespace iothreadd
