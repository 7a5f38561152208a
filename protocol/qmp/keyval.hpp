// SPDX-License-Identifier: Apache-2.0
//
// key=value option text to a tree: `file,node-name=f,cache.direct=on` becomes nested objects and lists whose
// leaves are strings. The codecs convert them (Input::text).
//
// Thread: any.  Source: QEMU 11.1's key=value grammar.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/option.hpp"

#include <string>
#include <string_view>

namespace iothreadd::qapi {

struct Keyval {
    Json tree = Json::object();
    bool help = false; ///< there was an item `help` or `?`
};

/// Parse `text`. The first item may lack `KEY=` when `implied_key` is not empty.
/// Errors: GenericError that names the key.
Result<Keyval> parse_keyval(std::string_view text, std::string_view implied_key);

/// Parse the JSON form of an option: one object, strictly.
Result<Json> parse_option_json(std::string_view text);

/// Decode an option's value, JSON if its first byte is `{`, and call `apply`; or `help` with what was given
/// for the implied key when there is an item `help` or `?`.
template <class T, class Apply, class Help>
Result<void> apply_structured(const OptionInfo &option, std::string_view value, Apply apply, Help help) {
    const bool is_json = value.starts_with('{');
    Json tree;
    if (is_json) {
        auto parsed = parse_option_json(value);
        if (parsed.has_error())
            return parsed.error();
        tree = std::move(*parsed);
    } else {
        auto parsed = parse_keyval(value, option.implied_key);
        if (parsed.has_error())
            return parsed.error();
        if (parsed->help) {
            const auto type = parsed->tree.find(option.implied_key);
            const bool is_text = type != parsed->tree.end() && type->is_string();
            return help(option,
                        is_text ? std::string_view(type->template get_ref<const std::string &>()) : "");
        }
        tree = std::move(parsed->tree);
    }
    auto decoded = decode_as<T>(tree, is_json ? Input::json : Input::text);
    if (decoded.has_error())
        return decoded.error();
    return apply(*decoded);
}

} // namespace iothreadd::qapi
