// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/text_value.hpp"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace iothreadd::qapi {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// How far a suffix letter shifts; nothing for other letters.
std::optional<unsigned> suffix_shift(char letter) {
    constexpr std::string_view kLetters = "BKMGTPE";
    const char upper = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    const auto at = kLetters.find(upper);
    if (at == std::string_view::npos)
        return std::nullopt;
    return static_cast<unsigned>(10 * at);
}

/// `digits` * 10^-`digits.size()` * 2^`shift`, rounded to the nearest, halves upward.
/// Exact: long division in base 10, one bit of the result per step.
std::uint64_t scaled_fraction(std::string_view digits, unsigned shift) {
    std::string rest(digits);
    const auto double_rest = [&rest] {
        int carry = 0;
        for (auto at = rest.rbegin(); at != rest.rend(); ++at) {
            const int twice = (*at - '0') * 2 + carry;
            *at = static_cast<char>('0' + twice % 10);
            carry = twice / 10;
        }
        return carry;
    };
    std::uint64_t out = 0;
    for (unsigned step = 0; step < shift; ++step)
        out = out * 2 + static_cast<std::uint64_t>(double_rest());
    return out + static_cast<std::uint64_t>(double_rest());
}

bool parse_hex_size(std::string_view digits, std::uint64_t &out) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const bool lower = c >= 'a' && c <= 'f';
        const bool upper = c >= 'A' && c <= 'F';
        if ((!is_digit(c) && !lower && !upper) || value >> 60 != 0)
            return false;
        value = value * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0'
                                                        : lower     ? c - 'a' + 10
                                                                    : c - 'A' + 10);
    }
    if (digits.empty())
        return false;
    out = value;
    return true;
}

} // namespace

bool parse_bool(const std::string &text, bool &out) {
    for (const char *yes : {"on", "yes", "true", "y"})
        if (text == yes)
            return out = true;
    for (const char *no : {"off", "no", "false", "n"})
        if (text == no)
            return !(out = false);
    return false;
}

bool parse_int64(const std::string &text, std::int64_t &out) {
    char *end = nullptr;
    errno = 0;
    const long long value = std::strtoll(text.c_str(), &end, 0);
    if (errno != 0 || end == text.c_str() || end != text.c_str() + text.size())
        return false;
    out = value;
    return true;
}

bool parse_uint64(const std::string &text, std::uint64_t &out) {
    char *end = nullptr;
    errno = 0;
    const unsigned long long value = std::strtoull(text.c_str(), &end, 0);
    if (errno != 0 || end == text.c_str() || end != text.c_str() + text.size())
        return false;
    out = value;
    return true;
}

bool parse_number(const std::string &text, double &out) {
    char *end = nullptr;
    errno = 0;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || end != text.c_str() + text.size() || !std::isfinite(value))
        return false;
    out = value;
    return true;
}

bool parse_size(const std::string &text, std::uint64_t &out) {
    std::string_view rest = text;
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n\v\f\r"), rest.size()));
    if (rest.starts_with('+'))
        rest.remove_prefix(1);
    if (rest.starts_with("0x") || rest.starts_with("0X"))
        return parse_hex_size(rest.substr(2), out);

    std::size_t digits = 0;
    std::uint64_t whole = 0;
    for (; digits < rest.size() && is_digit(rest[digits]); ++digits)
        if (__builtin_mul_overflow(whole, 10U, &whole) ||
            __builtin_add_overflow(whole, static_cast<std::uint64_t>(rest[digits] - '0'), &whole))
            return false;
    std::string_view tail = rest.substr(digits);
    std::string_view fraction;
    if (tail.starts_with('.')) {
        const auto end = std::min(tail.find_first_not_of("0123456789", 1), tail.size());
        fraction = tail.substr(1, end - 1);
        tail.remove_prefix(end);
    }
    if ((digits == 0 && fraction.empty()) || tail.size() > 1)
        return false;
    unsigned shift = 0;
    if (!tail.empty()) {
        const auto found = suffix_shift(tail.front());
        if (!found)
            return false;
        shift = *found;
    }
    if (shift == 0 && fraction.find_first_not_of('0') != std::string_view::npos)
        return false;
    if (shift != 0 && whole >> (64 - shift) != 0)
        return false;
    std::uint64_t bytes = whole << shift;
    if (__builtin_add_overflow(bytes, scaled_fraction(fraction, shift), &bytes))
        return false;
    out = bytes;
    return true;
}

} // namespace iothreadd::qapi
