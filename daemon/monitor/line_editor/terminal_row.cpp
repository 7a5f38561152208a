// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/terminal_row.hpp"

#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace iothreadd {

namespace {

constexpr std::size_t kMinTextColumns = 20; ///< if the label leaves less, the terminal wraps

/// The offset of the first character at or right of a column. Marks belong to the character before.
std::size_t offset_of(std::string_view text, std::size_t column) {
    std::size_t at = 0;
    for (std::size_t columns = 0; at < text.size();) {
        const std::size_t next = next_code_point(text, at);
        const std::size_t width = column_width(text.substr(at, next - at));
        if (columns >= column && width > 0)
            break;
        columns += width;
        at = next;
    }
    return at;
}

/// As much of the text as fits into so many columns.
std::string_view fitting(std::string_view text, std::size_t columns) {
    std::size_t at = offset_of(text, columns);
    if (column_width(text.substr(0, at)) > columns) // the last one is wide and sticks out
        at = offset_of(text, columns - 1);
    return text.substr(0, at);
}

struct Row {
    std::string text;
    std::size_t cursor_column;
    bool whole; ///< all of the content
};

/// Scrolled in steps of half the room, so that the cursor has some to go before the next step.
Row lay_out(const TerminalRow::Content &content) {
    const std::size_t label_columns = column_width(content.label);
    const std::size_t used = label_columns + 2; // with `<` and `>`; the last column stays empty
    const std::size_t room = std::max(kTerminalColumns - 1, used + kMinTextColumns) - used;
    const std::size_t cursor = column_width(content.text.substr(0, content.cursor));
    if (column_width(content.text) <= room)
        return {fmt::format("{}{}", content.label, content.text), label_columns + cursor, true};
    const std::size_t step = room / 2;
    const std::size_t scrolled = cursor < room ? 0 : ((cursor - room) / step + 1) * step;
    const std::size_t first = offset_of(content.text, scrolled);
    const std::string_view text = content.text.substr(first);
    const std::string_view visible = fitting(text, room);
    const std::string_view before = first > 0 ? "<" : "";
    const std::string_view after = visible.size() < text.size() ? ">" : "";
    const std::size_t hidden = column_width(content.text.substr(0, first));
    return {fmt::format("{}{}{}{}", content.label, before, visible, after),
            label_columns + before.size() + cursor - hidden, false};
}

/// The length of what both begin with; no mark follows on it, so that both go on with whole characters.
std::size_t common_length(std::string_view a, std::string_view b) {
    const auto [end_a, end_b] = std::ranges::mismatch(a, b);
    std::size_t length = static_cast<std::size_t>(std::distance(a.begin(), end_a));
    const auto splits = [&](std::string_view text) {
        const std::size_t next = next_code_point(text, length);
        return length < text.size() && (previous_code_point(text, next) != length ||
                                        column_width(text.substr(length, next - length)) == 0);
    };
    while (length > 0 && (splits(a) || splits(b)))
        length = previous_code_point(a, length);
    return length;
}

} // namespace

void TerminalRow::show(const Content &content, std::string &out) {
    Row row = lay_out(content);
    const std::size_t kept = common_length(shown_, row.text);
    if (kept < shown_.size() || kept < row.text.size()) {
        move_to(column_width(std::string_view(row.text).substr(0, kept)), out);
        out.append(row.text, kept);
        column_ = column_width(row.text);
        if (column_width(shown_) > column_)
            out += "\x1B[K";
        shown_ = std::move(row.text);
    }
    move_to(row.cursor_column, out);
}

void TerminalRow::finish(const Content &content, std::string &out) {
    const Content at_end{content.label, content.text, content.text.size()};
    if (lay_out(at_end).whole)
        show(at_end, out);
    else
        fmt::format_to(std::back_inserter(out), "\r\x1B[K{}{}", content.label, content.text);
    out += "\r\n";
    forget();
}

void TerminalRow::forget() {
    shown_.clear();
    column_ = 0;
}

void TerminalRow::move_to(std::size_t column, std::string &out) {
    constexpr std::size_t kFew = 3;
    if (column == 0 && column_ > 0)
        out += '\r';
    else if (column < column_ && column_ - column <= kFew)
        out.append(column_ - column, '\b');
    else if (column < column_)
        fmt::format_to(std::back_inserter(out), "\x1B[{}D", column_ - column);
    else if (column > column_)
        fmt::format_to(std::back_inserter(out), "\x1B[{}C", column - column_);
    column_ = column;
}

} // namespace iothreadd
