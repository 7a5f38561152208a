// SPDX-License-Identifier: Apache-2.0
//
// LineBuffer: a line of UTF-8 and a cursor in it. Positions are byte offsets at which a code point begins.
//
// Thread: any thread.  Source: readline's emacs mode, for what is a word.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace iothreadd {

class LineBuffer {
public:
    static constexpr std::size_t kMaxLineBytes = 4095;

    const std::string &text() const { return text_; }
    std::size_t cursor() const { return cursor_; }
    std::string_view before_cursor() const { return std::string_view(text_).substr(0, cursor_); }
    std::string_view after_cursor() const { return std::string_view(text_).substr(cursor_); }
    bool empty() const { return text_.empty(); }

    // Positions, as seen from the cursor.
    std::size_t end() const { return text_.size(); }
    std::size_t left() const;
    std::size_t right() const;
    /// The beginning of this word, or of the one before. A word is of letters and digits, and of anything
    /// beyond ASCII.
    std::size_t word_left() const;
    /// The end of this word, or of the next.
    std::size_t word_right() const;
    /// The same as word_left(), for a word that ends at a blank.
    std::size_t field_left() const;

    void move_to(std::size_t position) { cursor_ = position; }
    /// Before the cursor, whole characters. False if there is no room for all of it: then nothing changes.
    bool insert(std::string_view text);
    /// Take out what is between the cursor and a position on either side.
    std::string cut_to(std::size_t position);
    /// Swap the characters around the cursor, or the last two at the end, and move on. False: there are no
    /// two.
    bool transpose();
    /// Another line, of not more than kMaxLineBytes.
    void assign(std::string_view text, std::size_t cursor);
    std::string take();

private:
    std::string text_;
    std::size_t cursor_ = 0;
};

} // namespace iothreadd
