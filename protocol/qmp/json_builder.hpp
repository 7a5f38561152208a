// SPDX-License-Identifier: Apache-2.0
//
// JsonBuilder: grows one JSON value token by token and names the first token that does not fit. A push
// parser, so that a syntax error is known at its token and nothing is read twice; what is open is a list, not
// a recursion.
//
// Thread: any one at a time.  Source: QMP's syntax errors as observed in QEMU 11.1.
#pragma once

#include "protocol/qmp/json.hpp"
#include "protocol/qmp/json_lexer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace iothreadd {

class JsonBuilder {
public:
    /// Take the next token; false if it does not fit, and fault() says why. Then only reset() helps.
    bool add(const JsonToken &token);
    const std::string &fault() const { return fault_; }
    bool complete() const { return complete_; }
    /// The complete value; the builder is ready for the next one.
    Json take();
    /// Forget everything, give back most of the memory.
    void reset();

private:
    enum class Expect : std::uint8_t { value, value_or_end, key, key_or_end, colon, separator };
    struct Open {
        Json *container;
        bool object;
        bool duplicate = false; ///< the key was there before: an error once its value is complete
    };

    bool add_value(const JsonToken &token);
    bool add_string(const JsonToken &token);
    bool add_number(const JsonToken &token);
    bool add_word(const JsonToken &token);
    bool add_key(const JsonToken &token);
    bool add_separator(const JsonToken &token);
    bool open(bool object);
    bool close();
    bool value_done();
    bool add_scalar(Json &&value);
    Json *place(Json &&value);
    bool fail(std::string text);

    Json root_;
    std::vector<Open> open_; ///< containers around the next token, outermost first
    Json *member_ = nullptr; ///< value of the current key of the innermost object
    std::string fault_;
    Expect expect_ = Expect::value;
    bool complete_ = false;
};

} // namespace iothreadd
