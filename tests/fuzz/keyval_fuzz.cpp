// SPDX-License-Identifier: Apache-2.0
//
// Command-line options: key=value text or JSON into the types of a schema that has every construct.
//
// Input: the name of an option, then its value, which ends at a NUL as an argument of a program does.
#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/keyval.hpp"
#include "protocol/qmp/text_value.hpp"
#include "protocol/qmp/utf8.hpp"
#include "qapi_fuzz/options.hpp"
#include "qapi_fuzz/test_codec.hpp"

#include "fuzz_check.hpp"

#include <algorithm>
#include <cmath>
#include <string>

using namespace iothreadd;
using fuzz::check;

namespace {

constexpr std::size_t kMaxErrorBytes = 1200; ///< without what the error quotes
constexpr std::size_t kMaxDepth = 64;        ///< of names in a key

void check_error(const Error &error, std::string_view value) {
    check(!error.desc.empty(), "an error has a text", value);
    check(error.desc.size() <= kMaxErrorBytes + value.size(), "the text of an error is bounded", error.desc);
}

bool has_nul(const Json &value) {
    if (value.is_string())
        return contains_nul(value.get_ref<const std::string &>());
    return value.is_structured() && std::ranges::any_of(value, has_nul);
}

/// What was decoded can be encoded, and decoded from that again, strictly.
template <class T>
Result<void> check_decoded(const T &options) {
    const Json encoded = qapi::encode(options);
    if (has_nul(encoded))
        return generic_error("not in JSON");
    const auto again = qapi::decode_as<T>(encoded, qapi::Input::json);
    check(again.has_value(), "what was encoded can be decoded",
          encoded.dump(-1, ' ', true, Json::error_handler_t::replace));
    check(qapi::encode(*again) == encoded, "decoding and encoding change nothing");
    return {};
}

class Handler : public OptionHandler {
public:
    Result<void> device(const qapi::Device &options) override { return check_decoded(options); }
    Result<void> bottom(const qapi::Bottom &options) override { return check_decoded(options); }
    Result<void> server(const qapi::Server &options) override { return check_decoded(options); }
    Result<void> export_(const qapi::Scalars &options) override { return check_decoded(options); }
    Result<void> help(const OptionInfo &option, std::string_view type) override {
        check(!option.name.empty(), "help about an option", type);
        return {};
    }
};

/// `tree` as key=value text, which is parsed to it again.
void flatten(const Json &tree, const std::string &key, std::size_t depth, std::string &out) {
    check(depth <= kMaxDepth, "the depth is limited", key);
    if (tree.is_string()) {
        if (!out.empty())
            out += ',';
        out += key + '=';
        for (const char c : tree.get_ref<const std::string &>())
            out.append(c == ',' ? 2 : 1, c);
        return;
    }
    check(tree.is_structured(), "a leaf is a string", key);
    check(!tree.empty() || depth == 0, "no branch is empty", key);
    const std::string prefix = key.empty() ? "" : key + '.';
    if (tree.is_array())
        for (std::size_t i = 0; i < tree.size(); ++i)
            flatten(tree[i], prefix + std::to_string(i), depth + 1, out);
    else
        for (const auto &[name, child] : tree.get_ref<const Json::object_t &>())
            flatten(child, prefix + name, depth + 1, out);
}

void check_parser(std::string_view value, std::string_view implied_key) {
    const auto parsed = qapi::parse_keyval(value, implied_key);
    if (parsed.has_error())
        return check_error(parsed.error(), value);
    check(parsed->tree.is_object(), "an option is an object", value);
    std::string text;
    flatten(parsed->tree, "", 0, text);
    const auto again = qapi::parse_keyval(text, "");
    check(again.has_value() && again->tree == parsed->tree && !again->help, "a tree survives its text", text);
}

/// What the conversions of single values give is within bounds, and is read back from its plain form.
void check_scalars(const std::string &text) {
    std::int64_t integer = 0;
    if (std::int64_t again = 0; qapi::parse_int64(text, integer))
        check(qapi::parse_int64(std::to_string(integer), again) && again == integer, "an integer", text);
    std::uint64_t natural = 0;
    if (std::uint64_t again = 0; qapi::parse_uint64(text, natural))
        check(qapi::parse_uint64(std::to_string(natural), again) && again == natural, "a natural number",
              text);
    std::uint64_t size = 0;
    if (std::uint64_t again = 0; qapi::parse_size(text, size))
        check(qapi::parse_size(std::to_string(size), again) && again == size, "a size", text);
    if (std::uint64_t whole = 0; qapi::parse_size(text, size))
        if (qapi::parse_size(text.substr(0, text.find_first_not_of("0123456789")), whole))
            check(size >= whole, "a suffix makes no size smaller", text);
    double number = 0;
    if (qapi::parse_number(text, number))
        check(std::isfinite(number), "a number is finite", text);
}

void check_json(std::string_view value) {
    const auto parsed = qapi::parse_option_json(value);
    if (parsed.has_error())
        return check_error(parsed.error(), value);
    std::string text;
    write_json(text, *parsed);
    if (parsed->is_structured())
        check(qapi::parse_option_json(text).has_value(), "what was written can be read", text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const auto [name, bytes] = fuzz::split_input(data, size);
    const std::string value{bytes.substr(0, bytes.find('\0'))};

    Handler handler;
    if (auto applied = apply_option(handler, name, value); applied.has_error())
        check_error(applied.error(), std::string{name} + value);
    qapi::Settings settings;
    if (set_option(settings, name, value) && name == "pidfile")
        check(settings.pidfile == value, "a setting is stored as it is given", value);

    check_parser(value, "");
    check_parser(value, "key");
    check_json(value);
    check_scalars(value);
    return 0;
}
