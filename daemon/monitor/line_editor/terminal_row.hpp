// SPDX-License-Identifier: Apache-2.0
//
// TerminalRow: the row of a terminal in which a line is edited. It knows what it shows and sends only what is
// different. A row is of 80 columns, because nobody tells how wide a terminal at the other end of a socket
// is: a longer line is scrolled sideways, with `<` and `>` where it goes on, and is shown in full, over as
// many rows as it takes, when it is finished. So a key costs at most a row of output, and the cursor never
// has to go up.
//
// Thread: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace iothreadd {

constexpr std::size_t kTerminalColumns = 80;

class TerminalRow {
public:
    /// What to show: the label (a prompt) always, and the part of the text around the cursor.
    struct Content {
        std::string_view label; ///< leaves room: half the row is plenty
        std::string_view text;
        std::size_t cursor; ///< offset in the text
    };

    /// Append to `out` what makes the row show this.
    void show(const Content &content, std::string &out);
    /// Show all of it, and go to the beginning of the next row.
    void finish(const Content &content, std::string &out);
    /// The cursor is at the beginning of an empty row.
    void forget();

private:
    void move_to(std::size_t column, std::string &out);

    std::string shown_;
    std::size_t column_ = 0; ///< of the cursor
};

} // namespace iothreadd
