// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_writer.hpp"

#include "protocol/qmp/utf8.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace iothreadd {

namespace {

constexpr int kDoubleDigits = 17; ///< enough for every double to survive the way there and back
constexpr std::size_t kNumberBytes = 32;
constexpr std::size_t kIndent = 4;

template <class Number, class... Format>
void write_number(std::string &out, Number number, Format... format) {
    std::array<char, kNumberBytes> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format...);
    assert(end.ec == std::errc{});
    out.append(text.data(), end.ptr);
}

void write_code_unit(std::string &out, char32_t unit) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out.push_back(hex[unit >> shift & 0xFU]);
}

void write_escaped(std::string &out, char32_t c) {
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        if (c < 0x10000)
            return write_code_unit(out, c);
        write_code_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        write_code_unit(out, 0xDC00 + (c & 0x3FF));
    }
}

constexpr bool prints_as_itself(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void write_array(std::string &out, const Json::array_t &array) {
    out.push_back('[');
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (i > 0)
            out += ", ";
        write_json(out, array[i]);
    }
    out.push_back(']');
}

void write_object(std::string &out, const Json::object_t &object) {
    out.push_back('{');
    std::string_view separator;
    for (const auto &[name, value] : object) {
        out += separator;
        write_json_string(out, name);
        out += ": ";
        write_json(out, value);
        separator = ", ";
    }
    out.push_back('}');
}

} // namespace

void write_json_string(std::string &out, std::string_view text) {
    out.push_back('"');
    std::size_t run = 0; // start of what prints as itself
    std::size_t pos = 0;
    while (pos < text.size()) {
        if (prints_as_itself(text[pos])) {
            ++pos;
            continue;
        }
        out.append(text, run, pos - run);
        const Utf8Step step = decode_utf8(text.substr(pos));
        write_escaped(out, step.code_point.value_or(0xFFFD));
        pos += step.bytes;
        run = pos;
    }
    out.append(text, run);
    out.push_back('"');
}

void write_json(std::string &out, const Json &value) {
    switch (value.type()) {
    case Json::value_t::object:
        return write_object(out, value.get_ref<const Json::object_t &>());
    case Json::value_t::array:
        return write_array(out, value.get_ref<const Json::array_t &>());
    case Json::value_t::string:
        return write_json_string(out, value.get_ref<const std::string &>());
    case Json::value_t::boolean:
        out += value.get<bool>() ? "true" : "false";
        return;
    case Json::value_t::number_integer:
        return write_number(out, value.get<std::int64_t>());
    case Json::value_t::number_unsigned:
        return write_number(out, value.get<std::uint64_t>());
    case Json::value_t::number_float:
        if (const double number = value.get<double>(); std::isfinite(number))
            return write_number(out, number, std::chars_format::general, kDoubleDigits);
        [[fallthrough]];
    default:
        out += "null";
    }
}

void write_json_indented(std::string &out, std::string_view compact) {
    std::size_t level = 0;
    const auto new_line = [&] {
        out += kQmpLineEnd;
        out.append(std::min(level, kMaxIndentedLevels) * kIndent, ' ');
    };
    bool in_string = false;
    for (std::size_t pos = 0; pos < compact.size(); ++pos) {
        const char c = compact[pos];
        if (in_string) {
            out.push_back(c);
            if (c == '\\')
                out.push_back(compact[++pos]);
            in_string = c != '"';
            continue;
        }
        if (c == '}' || c == ']') {
            --level;
            new_line();
        }
        out.push_back(c);
        if (c == '{' || c == '[') {
            ++level;
            if (compact[pos + 1] != '}' && compact[pos + 1] != ']')
                new_line();
        } else if (c == ',') {
            new_line();
            ++pos; // the blank
        }
        in_string = c == '"';
    }
}

} // namespace iothreadd
