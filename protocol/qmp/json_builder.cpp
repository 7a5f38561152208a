// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_builder.hpp"

#include "protocol/qmp/json_scalar.hpp"

#include <utility>

namespace iothreadd {

namespace {

using Kind = JsonToken::Kind;

/// Nesting for which the room stays reserved between messages.
constexpr std::size_t kIdleOpen = 16;

std::string plain_content(const JsonToken &token) {
    return std::string{token.text.substr(1, token.text.size() - 2)};
}

} // namespace

bool JsonBuilder::add(const JsonToken &token) {
    switch (expect_) {
    case Expect::value_or_end:
        return token.kind == Kind::close_bracket ? close() : add_value(token);
    case Expect::value:
        return add_value(token);
    case Expect::key_or_end:
        return token.kind == Kind::close_brace ? close() : add_key(token);
    case Expect::key:
        return add_key(token);
    case Expect::colon:
        expect_ = Expect::value;
        return token.kind == Kind::colon || fail("expecting ':'");
    case Expect::separator:
        return add_separator(token);
    }
    return false;
}

Json JsonBuilder::take() {
    Json value = std::exchange(root_, nullptr);
    reset();
    return value;
}

void JsonBuilder::reset() {
    root_ = nullptr;
    fault_ = {};
    if (open_.capacity() > kIdleOpen)
        open_ = {};
    open_.clear();
    expect_ = Expect::value;
    complete_ = false;
}

bool JsonBuilder::add_value(const JsonToken &token) {
    switch (token.kind) {
    case Kind::open_brace:
        return open(true);
    case Kind::open_bracket:
        return open(false);
    case Kind::string:
        return add_string(token);
    case Kind::word:
        return add_word(token);
    case Kind::integer:
    case Kind::floating:
        return add_number(token);
    default:
        return fail("expecting value");
    }
}

bool JsonBuilder::add_string(const JsonToken &token) {
    if (token.plain)
        return add_scalar(plain_content(token));
    auto content = decode_json_string(token.text);
    return content.has_value() ? add_scalar(std::move(*content)) : fail(content.error().desc);
}

bool JsonBuilder::add_number(const JsonToken &token) {
    auto number =
        token.kind == Kind::integer ? decode_json_integer(token.text) : decode_json_floating(token.text);
    if (!number)
        return fail(generic_error("number '{}' is too large", token.text).desc);
    return add_scalar(std::move(*number));
}

bool JsonBuilder::add_word(const JsonToken &token) {
    if (token.text == "true" || token.text == "false")
        return add_scalar(token.text == "true");
    if (token.text == "null")
        return add_scalar(nullptr);
    return fail(generic_error("invalid keyword '{}'", token.text).desc);
}

bool JsonBuilder::add_key(const JsonToken &token) {
    if (token.kind != Kind::string)
        return fail("expecting key");
    auto key = token.plain ? Result<std::string>{plain_content(token)} : decode_json_string(token.text);
    if (!key.has_value())
        return fail(key.error().desc);
    Open &innermost = open_.back();
    auto [member, inserted] = innermost.container->get_ref<Json::object_t &>().try_emplace(std::move(*key));
    member_ = &member->second;
    innermost.duplicate = !inserted;
    expect_ = Expect::colon;
    return true;
}

bool JsonBuilder::add_separator(const JsonToken &token) {
    const bool object = open_.back().object;
    if (token.kind == Kind::comma) {
        expect_ = object ? Expect::key : Expect::value;
        return true;
    }
    if (token.kind == (object ? Kind::close_brace : Kind::close_bracket))
        return close();
    return fail(object ? "expected ',' or '}'" : "expected ',' or ']'");
}

bool JsonBuilder::open(bool object) {
    Json *const container = place(object ? Json::object() : Json::array());
    open_.push_back({.container = container, .object = object});
    expect_ = object ? Expect::key_or_end : Expect::value_or_end;
    return true;
}

bool JsonBuilder::close() {
    open_.pop_back();
    return value_done();
}

bool JsonBuilder::value_done() {
    expect_ = Expect::separator;
    complete_ = open_.empty();
    return complete_ || !open_.back().duplicate || fail("duplicate key");
}

bool JsonBuilder::add_scalar(Json &&value) {
    place(std::move(value));
    return value_done();
}

/// Put the value where the next one goes. The address holds until the container around it gets another one.
Json *JsonBuilder::place(Json &&value) {
    if (open_.empty())
        return &(root_ = std::move(value));
    if (open_.back().object)
        return &(*member_ = std::move(value));
    return &open_.back().container->get_ref<Json::array_t &>().emplace_back(std::move(value));
}

bool JsonBuilder::fail(std::string text) {
    fault_ = std::move(text);
    return false;
}

} // namespace iothreadd
