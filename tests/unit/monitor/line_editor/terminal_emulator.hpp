// SPDX-License-Identifier: Apache-2.0
//
// TerminalEmulator: a terminal of 80 columns that forgets no row. It knows what a line editor may send, and
// nothing more: anything else throws. Its widths are its own: of the East Asian, emoji and marks in the
// tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class TerminalEmulator {
public:
    static constexpr std::size_t kColumns = 80;

    void write(std::string_view bytes);

    /// A row without the blanks at its end.
    std::string row(std::size_t number) const;
    std::size_t rows() const { return rows_.size(); }
    /// The row of the cursor, with `|` where the cursor is.
    std::string cursor_row() const;
    /// From the row to the one above the cursor, each ended by LF.
    std::string rows_from(std::size_t first) const;
    std::size_t cursor_row_number() const { return row_; }
    std::size_t cursor_column() const { return column_; }
    /// Since the last time this was asked.
    std::size_t take_bells();

    static std::size_t width(std::string_view text);

private:
    using Row = std::vector<std::string>; ///< a text per column; the second half of a wide character is empty

    std::size_t control(std::string_view bytes);
    void run_sequence(std::string_view parameters, char last);
    void put(std::string_view character);
    void blank(std::size_t column);
    void new_row();

    std::vector<Row> rows_{Row(kColumns, " ")};
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    bool wrap_pending_ = false; ///< the last column was written
    std::size_t bells_ = 0;
};

} // namespace iothreadd
