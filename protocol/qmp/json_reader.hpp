// SPDX-License-Identifier: Apache-2.0
//
// JsonReader: the client's side of a QMP connection, from bytes to messages. Feed what arrived, split anyhow,
// and take messages out one by one: a value, or the one error of a message that is not JSON in QMP's dialect
// (RFC 8259 plus single-quoted strings, minus duplicate keys). After an error it finds its way back to the
// next message. Time is linear in the bytes, memory is bounded by the limits below and given back between
// messages.
//
// Thread: any one at a time.  Source: QMP's dialect and texts as observed in QEMU 11.1; true columns, 16 MiB.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/json.hpp"
#include "protocol/qmp/json_builder.hpp"
#include "protocol/qmp/json_lexer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace iothreadd {

class JsonReader {
public:
    /// Limits of one message. QEMU's, but for the last (64 MiB there): nothing that we serve comes near it.
    static constexpr std::uint64_t kMaxNesting = 1024; ///< braces plus brackets
    static constexpr std::uint64_t kMaxTokens = 2097152;
    static constexpr std::uint64_t kMaxTokenBytes = 16U << 20; ///< all its tokens together stay below

    explicit JsonReader(std::uint64_t max_token_bytes = kMaxTokenBytes) : max_token_bytes_(max_token_bytes) {}

    void feed(std::string_view bytes) { lexer_.feed(bytes); }
    /// The next message, or nothing until more is fed.
    /// Errors: GenericError with the position and QEMU's text; the message it is about is over for the
    /// caller.
    std::optional<Result<Json>> next();
    /// Where the message that next() returned ended, in bytes from the start of the connection.
    std::uint64_t position() const { return lexer_.position(); }
    /// What was fed and not yet read is nothing.
    bool only_white_space_left() const { return lexer_.only_white_space_left(); }
    /// A message has begun whose end has not been seen.
    bool half_read() const { return lexer_.in_token() || braces_ != 0 || brackets_ != 0; }

private:
    bool count(const JsonToken &token);
    bool accept(const JsonToken &token);
    Error fault(const JsonToken &token) const;
    const char *exceeded_limit(std::uint64_t token_bytes) const;
    void ignore_message();
    void end_message();

    std::uint64_t max_token_bytes_;
    JsonLexer lexer_;
    JsonBuilder builder_;
    std::uint64_t braces_ = 0, brackets_ = 0; ///< open ones
    std::uint64_t tokens_ = 0, token_bytes_ = 0;
    bool ignoring_ = false; ///< the message had its error
};

} // namespace iothreadd
