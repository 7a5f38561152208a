// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/line_editor/terminal_emulator.hpp"

#include "protocol/qmp/utf8.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace iothreadd {

namespace {

std::size_t width_of(char32_t c) {
    const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
    if (within(0x300, 0x36F) || c == 0x200D)
        return 0;
    return within(0x4E00, 0x9FFF) || within(0xAC00, 0xD7A3) || within(0x1F300, 0x1F64F) ? 2 : 1;
}

[[noreturn]] void refuse(std::string_view what) {
    throw std::runtime_error("not for a terminal: " + std::string(what));
}

} // namespace

void TerminalEmulator::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto byte = static_cast<unsigned char>(bytes[0]);
        std::size_t taken = 0;
        if (byte < 0x20 || byte == 0x7F) {
            taken = control(bytes);
        } else {
            const Utf8Step step = decode_utf8(bytes);
            if (!step.code_point || (*step.code_point >= 0x80 && *step.code_point < 0xA0))
                refuse("not a character");
            taken = step.bytes;
            put(bytes.substr(0, taken));
        }
        bytes.remove_prefix(taken);
    }
}

std::size_t TerminalEmulator::control(std::string_view bytes) {
    const bool was_pending = std::exchange(wrap_pending_, false);
    switch (bytes[0]) {
    case '\r':
        column_ = 0;
        return 1;
    case '\n':
        new_row();
        return 1;
    case '\b':
        column_ -= column_ > 0 ? 1 : 0;
        return 1;
    case '\a':
        ++bells_;
        wrap_pending_ = was_pending;
        return 1;
    case '\x1B':
        break;
    default:
        refuse("a control character");
    }
    const std::size_t last = bytes.find_first_not_of("0123456789;", 2);
    if (!bytes.starts_with("\x1B[") || last == bytes.npos)
        refuse("an escape sequence");
    run_sequence(bytes.substr(2, last - 2), bytes[last]);
    return last + 1;
}

void TerminalEmulator::run_sequence(std::string_view parameters, char last) {
    const std::size_t count = parameters.empty() ? 1 : std::stoul(std::string(parameters));
    if (last == 'K' && parameters.empty()) {
        for (std::size_t column = column_; column < kColumns; ++column)
            blank(column);
    } else if (last == 'C' && column_ + count < kColumns) {
        column_ += count;
    } else if (last == 'D' && column_ >= count) {
        column_ -= count;
    } else if (last == 'H' && parameters.empty()) {
        row_ = column_ = 0;
    } else if (last == 'J' && count == 2) {
        rows_.assign(row_ + 1, Row(kColumns, " "));
    } else {
        refuse(std::string(parameters) + last);
    }
}

void TerminalEmulator::put(std::string_view character) {
    const std::size_t columns = width(character);
    if (columns == 0) {
        std::size_t before = wrap_pending_ ? kColumns - 1 : column_ - 1;
        if (before < kColumns && rows_[row_][before].empty())
            --before;
        if (before < kColumns)
            rows_[row_][before] += character;
        return;
    }
    if (wrap_pending_ || column_ + columns > kColumns) {
        column_ = 0;
        new_row();
    }
    for (std::size_t i = 0; i < columns; ++i)
        blank(column_ + i);
    rows_[row_][column_] = character;
    if (columns == 2)
        rows_[row_][column_ + 1].clear();
    wrap_pending_ = column_ + columns == kColumns;
    column_ = std::min(column_ + columns, kColumns - 1);
}

/// With the other half, if it is of a wide character.
void TerminalEmulator::blank(std::size_t column) {
    Row &row = rows_[row_];
    if (row[column].empty())
        row[column - 1] = " ";
    if (column + 1 < kColumns && row[column + 1].empty())
        row[column + 1] = " ";
    row[column] = " ";
}

void TerminalEmulator::new_row() {
    wrap_pending_ = false;
    if (++row_ == rows_.size())
        rows_.emplace_back(kColumns, " ");
}

std::string TerminalEmulator::row(std::size_t number) const {
    std::string text;
    for (const std::string &cell : rows_.at(number))
        text += cell;
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string TerminalEmulator::cursor_row() const {
    std::string before;
    std::string after;
    for (std::size_t column = 0; column < kColumns; ++column)
        (column < column_ ? before : after) += rows_[row_][column];
    return before + "|" + after.substr(0, after.find_last_not_of(' ') + 1);
}

std::string TerminalEmulator::rows_from(std::size_t first) const {
    std::string text;
    for (; first < row_; ++first)
        text += row(first) + "\n";
    return text;
}

std::size_t TerminalEmulator::take_bells() { return std::exchange(bells_, 0); }

std::size_t TerminalEmulator::width(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const Utf8Step step = decode_utf8(text);
        columns += width_of(step.code_point.value_or(U'?'));
        text.remove_prefix(step.bytes);
    }
    return columns;
}

} // namespace iothreadd
