// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_scalar.hpp"

#include "protocol/qmp/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace iothreadd {

namespace {

constexpr std::size_t kUnicodeEscapeBytes = 6; ///< \uXXXX

/// The code unit of the `\uXXXX` at the start of `text`.
std::optional<char32_t> code_unit(std::string_view text) {
    if (text.size() < kUnicodeEscapeBytes || text.substr(0, 2) != "\\u")
        return std::nullopt;
    std::uint32_t unit = 0;
    const char *const end = text.data() + kUnicodeEscapeBytes;
    const auto parsed = std::from_chars(text.data() + 2, end, unit, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        return std::nullopt;
    return unit;
}

/// Decode the `\u` escape at the start of `text`, or the surrogate pair of two; none if it names no
/// character.
std::optional<char32_t> decode_unicode_escape(std::string_view text, std::size_t &used) {
    auto c = code_unit(text);
    used = kUnicodeEscapeBytes;
    if (c && *c >= 0xD800 && *c <= 0xDBFF) {
        const auto low = code_unit(text.substr(kUnicodeEscapeBytes));
        if (!low || *low < 0xDC00 || *low > 0xDFFF)
            return std::nullopt;
        used += kUnicodeEscapeBytes;
        c = 0x10000U + ((*c - 0xD800U) << 10) + (*low - 0xDC00U);
    }
    if (!c || !is_json_character(*c))
        return std::nullopt;
    return c;
}

/// What the letter after a backslash stands for.
std::optional<char> short_escape(char letter) {
    switch (letter) {
    case '"':
    case '\'':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return std::nullopt;
    }
}

} // namespace

Result<std::string> decode_json_string(std::string_view token) {
    const std::size_t end = token.size() - 1;
    std::string out;
    out.reserve(end);
    std::size_t run = 1; // start of what can be copied as it is
    std::size_t pos = 1;
    while (pos < end) {
        if (token[pos] == '\\') {
            out.append(token, run, pos - run);
            if (token[pos + 1] == 'u') {
                std::size_t used = 0;
                const auto c = decode_unicode_escape(token.substr(pos), used);
                if (!c)
                    return generic_error("{} is not a valid Unicode character",
                                         token.substr(pos, kUnicodeEscapeBytes));
                append_utf8(out, *c);
                pos += used;
            } else {
                const auto c = short_escape(token[pos + 1]);
                if (!c)
                    return generic_error("invalid escape sequence in string");
                out.push_back(*c);
                pos += 2;
            }
            run = pos;
        } else if ((token[pos] & 0x80) != 0) {
            const Utf8Step step = decode_utf8(token.substr(pos, end - pos));
            if (!step.code_point)
                return generic_error("invalid UTF-8 sequence in string");
            pos += step.bytes;
        } else {
            ++pos;
        }
    }
    out.append(token, run, end - run);
    return out;
}

namespace {

/// Of a number outside the range of a double: whether it is too small (and so zero) rather than too large.
/// Its first digit other than 0 stands for 10 to the power of `magnitude`.
bool is_tiny(std::string_view token) {
    const std::size_t e = std::min(token.find_first_of("eE"), token.size());
    const std::string_view mantissa = token.substr(0, e);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t first = mantissa.find_first_of("123456789");
    auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
    if (e < token.size()) {
        std::string_view digits = token.substr(e + 1);
        const bool negative = digits.front() == '-';
        if (negative || digits.front() == '+')
            digits.remove_prefix(1);
        std::int32_t exponent = 0;
        if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc{})
            return negative; // an exponent of this size outweighs any mantissa
        magnitude += negative ? -std::int64_t{exponent} : exponent;
    }
    return magnitude < 0;
}

} // namespace

std::optional<Json> decode_json_floating(std::string_view token) {
    double value = 0;
    const auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
    if (parsed.ec == std::errc{} && std::isfinite(value))
        return Json(value);
    if (is_tiny(token))
        return Json(token.front() == '-' ? -0.0 : 0.0);
    return std::nullopt;
}

std::optional<Json> decode_json_integer(std::string_view token) {
    const char *const end = token.data() + token.size();
    std::int64_t value = 0;
    if (std::from_chars(token.data(), end, value).ec == std::errc{})
        return Json(value);
    std::uint64_t large = 0;
    if (token.front() != '-' && std::from_chars(token.data(), end, large).ec == std::errc{})
        return Json(large);
    return decode_json_floating(token);
}

} // namespace iothreadd
