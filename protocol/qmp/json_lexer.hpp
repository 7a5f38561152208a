// SPDX-License-Identifier: Apache-2.0
//
// JsonLexer: cuts the bytes of one QMP connection into the tokens of the QMP dialect, however they are split
// on arrival. Bytes stay in one buffer until their token is complete, so a token is always contiguous; the
// state of the token in progress is kept, so no byte is looked at twice.
//
// Thread: any one at a time.  Source: QMP's lexical rules as observed in QEMU 11.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace iothreadd {

struct JsonToken {
    enum class Kind : std::uint8_t {
        open_brace,
        close_brace,
        open_bracket,
        close_bracket,
        comma,
        colon,
        string, ///< with its quotes; escapes and UTF-8 are not yet checked
        integer,
        floating,
        word,
        stray ///< a lexical error: the bytes of the token so far, the bad one included
    };
    Kind kind = Kind::stray;
    bool plain = false;                 ///< a string of printable ASCII without escapes
    std::string_view text;              ///< valid until the next call of the lexer; meaningless if not kept
    std::uint64_t line = 1, column = 1; ///< of the first byte, from 1, from the start of the connection
};

class JsonLexer {
public:
    void feed(std::string_view bytes);
    /// The next token, if it is complete.
    bool next(JsonToken &token);
    /// Size of the token whose end has not been seen, while its text is kept.
    std::size_t partial_bytes() const { return in_token() ? pos_ - token_start_ : 0; }
    bool in_token() const { return state_ != State::start && state_ != State::recovery; }
    /// Where the last complete token ended, in bytes from the start of the connection.
    std::uint64_t position() const { return base_ + token_start_; }
    /// What was fed and not yet looked at says nothing.
    bool only_white_space_left() const {
        return buffer_.find_first_not_of(" \t\r\n", pos_) == std::string::npos;
    }
    /// Whether text and position of tokens are wanted: what is only skipped needs no memory.
    void keep_text(bool keep) { keep_text_ = keep; }

private:
    enum class State : std::uint8_t {
        start,
        recovery, ///< after a lexical error
        string,
        string_escape,
        minus, ///< the states of a number are named for what was just read
        zero,
        digits,
        point,
        fraction,
        exponent,
        exponent_sign,
        exponent_digits,
        word
    };

    static State next_number_state(State state, char c);
    void skip_white_space();
    bool begin_token(JsonToken &token);
    bool lex_string(JsonToken &token);
    bool lex_number(JsonToken &token);
    bool lex_word(JsonToken &token);
    void recover();
    bool finish_token(JsonToken &token, JsonToken::Kind kind);
    bool finish_stray(JsonToken &token);
    void count_line(std::size_t start);
    void release_used();

    std::string buffer_;
    std::size_t pos_ = 0;         ///< next byte to look at
    std::size_t token_start_ = 0; ///< of the token in progress; everything before is used up
    std::uint64_t base_ = 0;      ///< offset of buffer_[0] in the connection
    std::uint64_t line_ = 1;
    std::uint64_t line_start_ = 0; ///< offset of the line in the connection
    State state_ = State::start;
    char quote_ = '"';
    bool plain_ = true;
    bool keep_text_ = true;
};

} // namespace iothreadd
