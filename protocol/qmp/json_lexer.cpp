// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_lexer.hpp"

#include <cassert>
#include <cstring>

namespace iothreadd {

namespace {

/// A buffer up to this size stays with an idle connection.
constexpr std::size_t kIdleBufferBytes = 1024;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

constexpr bool is_string_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte <= 0xFD;
}

constexpr bool ends_recovery(char c) {
    switch (c) {
    case '{':
    case '}':
    case '[':
    case ']':
    case ',':
    case ':':
        return true;
    default:
        return c != '\t' && !is_string_byte(c);
    }
}

constexpr std::uint64_t repeat(unsigned char byte) { return 0x0101010101010101ULL * byte; }

/// Non-zero if one of the eight bytes, all below 0x80, is less than `limit`; the highest bit of each tells.
constexpr std::uint64_t any_less(std::uint64_t bytes, unsigned char limit) {
    return (bytes - repeat(limit)) & ~bytes & repeat(0x80);
}

/// First position from `pos` on that needs a closer look: the quote, a backslash, a byte no string may have,
/// or the end. Clears `plain` on the way if a byte is not ASCII.
std::size_t skip_string_bytes(std::string_view text, std::size_t pos, char quote, bool &plain) {
    const std::uint64_t quotes = repeat(static_cast<unsigned char>(quote));
    const auto stops = [quote](char c) { return c == quote || c == '\\' || !is_string_byte(c); };
    while (pos < text.size()) {
        if (text.size() - pos >= sizeof(std::uint64_t)) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, text.data() + pos, sizeof bytes);
            const bool ascii = (bytes & repeat(0x80)) == 0;
            if (ascii && (any_less(bytes, 0x20) | any_less(bytes ^ quotes, 1) |
                          any_less(bytes ^ repeat('\\'), 1)) == 0) {
                pos += sizeof bytes;
                continue;
            }
        }
        for (int i = 0; i < 8 && pos < text.size(); ++i, ++pos) {
            if (stops(text[pos]))
                return pos;
            plain = plain && (text[pos] & 0x80) == 0;
        }
    }
    return pos;
}

} // namespace

void JsonLexer::feed(std::string_view bytes) {
    if (token_start_ > 0 && token_start_ >= buffer_.size() / 2) // so that each byte is moved at most once
        release_used();
    buffer_.append(bytes);
}

void JsonLexer::release_used() {
    buffer_.erase(0, token_start_);
    base_ += token_start_;
    pos_ -= token_start_;
    token_start_ = 0;
    if (buffer_.empty() && buffer_.capacity() > kIdleBufferBytes)
        buffer_.shrink_to_fit();
}

bool JsonLexer::next(JsonToken &token) {
    while (pos_ < buffer_.size()) {
        switch (state_) {
        case State::start:
            if (begin_token(token))
                return true;
            break;
        case State::recovery:
            recover();
            break;
        case State::string:
        case State::string_escape:
            if (lex_string(token))
                return true;
            break;
        case State::word:
            if (lex_word(token))
                return true;
            break;
        default:
            if (lex_number(token))
                return true;
            break;
        }
    }
    if (!in_token() || !keep_text_) {
        token_start_ = pos_;
        release_used();
    }
    return false;
}

void JsonLexer::skip_white_space() {
    for (; pos_ < buffer_.size(); ++pos_) {
        switch (buffer_[pos_]) {
        case ' ':
        case '\t':
        case '\r':
            break;
        case '\n':
            count_line(pos_ + 1);
            break;
        default:
            return;
        }
    }
}

bool JsonLexer::begin_token(JsonToken &token) {
    using Kind = JsonToken::Kind;
    skip_white_space();
    token_start_ = pos_;
    if (pos_ == buffer_.size())
        return false;
    const char c = buffer_[pos_++];
    switch (c) {
    case '{':
        return finish_token(token, Kind::open_brace);
    case '}':
        return finish_token(token, Kind::close_brace);
    case '[':
        return finish_token(token, Kind::open_bracket);
    case ']':
        return finish_token(token, Kind::close_bracket);
    case ',':
        return finish_token(token, Kind::comma);
    case ':':
        return finish_token(token, Kind::colon);
    case '"':
    case '\'':
        quote_ = c;
        plain_ = true;
        state_ = State::string;
        return false;
    case '-':
        state_ = State::minus;
        return false;
    case '0':
        state_ = State::zero;
        return false;
    default:
        if (!is_digit(c) && !is_lower(c))
            return finish_stray(token);
        state_ = is_digit(c) ? State::digits : State::word;
        return false;
    }
}

bool JsonLexer::lex_string(JsonToken &token) {
    while (pos_ < buffer_.size()) {
        if (state_ == State::string) {
            pos_ = skip_string_bytes(buffer_, pos_, quote_, plain_);
            if (pos_ == buffer_.size())
                return false;
        }
        const char c = buffer_[pos_++];
        if (!is_string_byte(c))
            return finish_stray(token);
        if (state_ == State::string_escape) {
            state_ = State::string;
        } else if (c == '\\') {
            state_ = State::string_escape;
            plain_ = false;
        } else {
            token.plain = plain_;
            return finish_token(token, JsonToken::Kind::string);
        }
    }
    return false;
}

/// The state after `c`; `start` if the number ended before it, `recovery` if it can neither end nor go on so.
JsonLexer::State JsonLexer::next_number_state(State state, char c) {
    const bool digit = is_digit(c);
    const bool e = c == 'e' || c == 'E';
    switch (state) {
    case State::minus:
        return c == '0' ? State::zero : digit ? State::digits : State::recovery;
    case State::zero: // no exponent: a quirk of the dialect
        return c == '.' ? State::point : digit ? State::recovery : State::start;
    case State::digits:
        return digit ? State::digits : c == '.' ? State::point : e ? State::exponent : State::start;
    case State::point:
        return digit ? State::fraction : State::recovery;
    case State::fraction:
        return digit ? State::fraction : e ? State::exponent : State::start;
    case State::exponent:
        return digit ? State::exponent_digits : c == '+' || c == '-' ? State::exponent_sign : State::recovery;
    case State::exponent_sign:
        return digit ? State::exponent_digits : State::recovery;
    default:
        assert(state == State::exponent_digits);
        return digit ? State::exponent_digits : State::start;
    }
}

bool JsonLexer::lex_number(JsonToken &token) {
    for (; pos_ < buffer_.size(); ++pos_) {
        if (is_digit(buffer_[pos_]) && (state_ == State::digits || state_ == State::fraction))
            continue; // most bytes of most numbers
        const State next = next_number_state(state_, buffer_[pos_]);
        if (next == State::start) {
            const bool integer = state_ == State::zero || state_ == State::digits;
            return finish_token(token, integer ? JsonToken::Kind::integer : JsonToken::Kind::floating);
        }
        if (next == State::recovery) {
            ++pos_;
            return finish_stray(token);
        }
        state_ = next;
    }
    return false;
}

bool JsonLexer::lex_word(JsonToken &token) {
    while (pos_ < buffer_.size() && is_lower(buffer_[pos_]))
        ++pos_;
    return pos_ < buffer_.size() && finish_token(token, JsonToken::Kind::word);
}

void JsonLexer::recover() {
    while (pos_ < buffer_.size() && !ends_recovery(buffer_[pos_]))
        ++pos_;
    if (pos_ < buffer_.size())
        state_ = State::start;
}

bool JsonLexer::finish_token(JsonToken &token, JsonToken::Kind kind) {
    token.kind = kind;
    token.text = std::string_view{buffer_}.substr(token_start_, pos_ - token_start_);
    token.line = line_;
    token.column = base_ + token_start_ - line_start_ + 1;
    token_start_ = pos_;
    state_ = State::start;
    return true;
}

/// The byte before pos_ is the bad one: it belongs to the error and is used up.
bool JsonLexer::finish_stray(JsonToken &token) {
    finish_token(token, JsonToken::Kind::stray);
    state_ = State::recovery;
    if (buffer_[pos_ - 1] == '\n')
        count_line(pos_);
    return true;
}

void JsonLexer::count_line(std::size_t start) {
    ++line_;
    line_start_ = base_ + start;
}

} // namespace iothreadd
