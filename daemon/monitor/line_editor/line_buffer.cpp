// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/line_buffer.hpp"

#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <algorithm>
#include <utility>

namespace iothreadd {

namespace {

constexpr bool in_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || byte >= 0x80;
}

constexpr bool in_field(char c) { return c != ' '; }

/// Whatever a predicate says of one byte of a character it says of all.
template <typename Predicate>
std::size_t begin_before(std::string_view text, std::size_t at, Predicate inside) {
    while (at > 0 && !inside(text[at - 1]))
        --at;
    while (at > 0 && inside(text[at - 1]))
        --at;
    return at;
}

} // namespace

std::size_t LineBuffer::left() const { return previous_code_point(text_, cursor_); }

std::size_t LineBuffer::right() const { return next_code_point(text_, cursor_); }

std::size_t LineBuffer::word_left() const { return begin_before(text_, cursor_, in_word); }

std::size_t LineBuffer::field_left() const { return begin_before(text_, cursor_, in_field); }

std::size_t LineBuffer::word_right() const {
    std::size_t at = cursor_;
    while (at < text_.size() && !in_word(text_[at]))
        ++at;
    while (at < text_.size() && in_word(text_[at]))
        ++at;
    return at;
}

bool LineBuffer::insert(std::string_view text) {
    if (text.size() > kMaxLineBytes - text_.size())
        return false;
    text_.insert(cursor_, text);
    cursor_ += text.size();
    return true;
}

std::string LineBuffer::cut_to(std::size_t position) {
    const auto [first, last] = std::minmax(cursor_, position);
    std::string removed = text_.substr(first, last - first);
    text_.erase(first, last - first);
    cursor_ = first;
    return removed;
}

bool LineBuffer::transpose() {
    const std::size_t middle = cursor_ == end() ? left() : cursor_;
    const std::size_t first = previous_code_point(text_, middle);
    const std::size_t last = next_code_point(text_, middle);
    if (first == middle || middle == last)
        return false;
    const auto at = [this](std::size_t offset) {
        return text_.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    std::rotate(at(first), at(middle), at(last));
    cursor_ = last;
    return true;
}

void LineBuffer::assign(std::string_view text, std::size_t cursor) {
    text_ = text;
    cursor_ = cursor;
}

std::string LineBuffer::take() {
    cursor_ = 0;
    return std::exchange(text_, {});
}

} // namespace iothreadd
