// SPDX-License-Identifier: Apache-2.0
//
// KeyDecoder: the bytes of a terminal, as keys. It takes one byte at a time, so it does not matter where the
// bytes were cut; nothing waits for a timer. What means nothing to it is swallowed: control characters,
// broken UTF-8, and escape sequences as a whole. A control character inside a sequence ends that and is taken
// for itself, so Enter always works.
//
// Thread: any thread.  Source: ECMA-48, 5.4; the keys of xterm, rxvt and the Linux console; readline's emacs
// mode.
#pragma once

#include <cstddef>
#include <string>

namespace iothreadd {

/// A key, named for what it does.
enum class Key {
    none, ///< no key yet
    text, ///< KeyDecoder::text()
    enter,
    escape, ///< or only the beginning of a sequence, which will be a key of its own
    complete,
    left,
    right,
    word_left,
    word_right,
    line_start,
    line_end,
    erase_left,
    erase_right,
    kill_word_left,
    kill_word_right,
    kill_field_left, ///< Ctrl-W: back to a blank
    kill_to_start,
    kill_to_end,
    yank,
    transpose,
    older,
    newer,
    search,
    give_up,
    clear_screen,
    interrupt,
};

class KeyDecoder {
public:
    /// The key that this byte completes.
    Key decode(char byte);
    /// Of Key::text: one code point in UTF-8.
    const std::string &text() const { return text_; }

private:
    enum class State {
        ground,
        escape,      ///< ESC
        sequence,    ///< ESC [, or ESC O
        console_key, ///< ESC [ [, and one more
        string,      ///< ESC ], until BEL or the next ESC
    };

    Key control(unsigned char byte);
    Key after_escape(unsigned char byte);
    Key in_sequence(unsigned char byte);
    Key character(unsigned char byte);

    State state_ = State::ground;
    bool after_cr_ = false;  ///< LF is part of this end of line
    bool with_alt_ = false;  ///< the character follows ESC
    std::string parameters_; ///< of the sequence, and as much as a known one has
    std::string text_;
    std::size_t missing_ = 0; ///< bytes of text_
};

} // namespace iothreadd
