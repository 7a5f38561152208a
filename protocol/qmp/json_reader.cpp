// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_reader.hpp"

#include <string>
#include <utility>

namespace iothreadd {

namespace {

constexpr std::size_t kMaxErrorBytes = 1023; ///< of what follows "JSON parse error, "

Error parse_error(const JsonToken &token, std::string_view text) {
    return generic_error("{}:{}: JSON parse error, {}", token.line, token.column,
                         text.substr(0, kMaxErrorBytes));
}

/// A stray NUL ends the quotation, as it did in C.
Error stray_error(const JsonToken &token) {
    const std::string_view quoted = token.text.substr(0, token.text.find('\0'));
    return parse_error(token, "stray '" + std::string{quoted.substr(0, kMaxErrorBytes)} + "'");
}

} // namespace

std::optional<Result<Json>> JsonReader::next() {
    JsonToken token;
    while (lexer_.next(token)) {
        const bool ended = count(token);
        if (!ignoring_ && !accept(token)) {
            Error error = fault(token);
            ignore_message();
            if (ended)
                end_message();
            return error;
        }
        if (ended) {
            const bool complete = !ignoring_;
            end_message();
            if (complete)
                return builder_.take();
        }
    }
    if (const char *text = ignoring_ ? nullptr : exceeded_limit(lexer_.partial_bytes())) {
        ignore_message();
        return generic_error("{}", text);
    }
    return std::nullopt;
}

/// Keep the books on open braces and brackets; true if the message ends with this token.
bool JsonReader::count(const JsonToken &token) {
    switch (token.kind) {
    case JsonToken::Kind::stray:
        return true;
    case JsonToken::Kind::open_brace:
        ++braces_;
        return false;
    case JsonToken::Kind::open_bracket:
        ++brackets_;
        return false;
    case JsonToken::Kind::close_brace:
        return braces_ == 0 || (--braces_ == 0 && brackets_ == 0);
    case JsonToken::Kind::close_bracket:
        return brackets_ == 0 || (--brackets_ == 0 && braces_ == 0);
    default:
        return braces_ == 0 && brackets_ == 0;
    }
}

/// The limit that the message exceeds with one more token of that size, if any.
const char *JsonReader::exceeded_limit(std::uint64_t token_bytes) const {
    if (token_bytes_ + token_bytes >= max_token_bytes_)
        return "JSON token size limit exceeded";
    if (tokens_ > kMaxTokens)
        return "JSON token count limit exceeded";
    if (braces_ + brackets_ > kMaxNesting)
        return "JSON nesting depth limit exceeded";
    return nullptr;
}

bool JsonReader::accept(const JsonToken &token) {
    if (token.kind == JsonToken::Kind::stray)
        return false;
    ++tokens_;
    if (exceeded_limit(token.text.size()) || !builder_.add(token))
        return false;
    token_bytes_ += token.text.size();
    return true;
}

/// Why accept() said no.
Error JsonReader::fault(const JsonToken &token) const {
    if (const char *text = exceeded_limit(token.text.size()))
        return generic_error("{}", text);
    return token.kind == JsonToken::Kind::stray ? stray_error(token) : parse_error(token, builder_.fault());
}

/// The message had its error; what is left of it needs no memory.
void JsonReader::ignore_message() {
    ignoring_ = true;
    lexer_.keep_text(false);
    builder_.reset();
}

void JsonReader::end_message() {
    braces_ = brackets_ = tokens_ = token_bytes_ = 0;
    ignoring_ = false;
    lexer_.keep_text(true);
}

} // namespace iothreadd
