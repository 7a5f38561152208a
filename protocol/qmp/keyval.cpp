// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/keyval.hpp"

#include "protocol/qmp/json_reader.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

namespace iothreadd::qapi {
namespace {

constexpr std::size_t kFragmentMax = 127; ///< bytes between two dots of a key
constexpr std::size_t kDepthMax = 64;     ///< names in a key, so that nothing recurses without a bound

/// A node of the tree while it grows: either a leaf with text or children by fragment.
struct Node {
    bool is_leaf = false;
    std::string text;
    std::map<std::string, Node, std::less<>> children;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// The length of a name at the start of `text`, `__vendor.example_name` included; 0 for none.
std::size_t name_length(std::string_view text) {
    std::size_t at = 0;
    if (text.starts_with("__")) {
        at = 2;
        while (at < text.size() &&
               (is_letter(text[at]) || is_digit(text[at]) || text[at] == '-' || text[at] == '.'))
            ++at;
        if (at == 2 || at == text.size() || text[at] != '_')
            return 0;
        ++at;
    }
    if (at == text.size() || !is_letter(text[at]))
        return 0;
    while (at < text.size() &&
           (is_letter(text[at]) || is_digit(text[at]) || text[at] == '-' || text[at] == '_'))
        ++at;
    return at;
}

std::size_t fragment_length(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits]))
        ++digits;
    return digits != 0 ? digits : name_length(text);
}

/// The names between the dots of `key`.
Result<std::vector<std::string_view>> split_key(std::string_view key) {
    std::vector<std::string_view> fragments;
    std::size_t at = 0;
    for (;;) {
        const std::string_view rest = key.substr(at);
        const std::size_t length = at == 0 ? name_length(rest) : fragment_length(rest);
        const std::size_t end = at + length;
        if (length == 0 || (end < key.size() && key[end] != '.'))
            return generic_error("Invalid parameter '{}'", key);
        if (length > kFragmentMax)
            return generic_error("Parameter{} '{}' is too long",
                                 at != 0 || end < key.size() ? " fragment" : "", rest.substr(0, length));
        fragments.push_back(rest.substr(0, length));
        if (end == key.size())
            break;
        at = end + 1;
    }
    if (fragments.size() > kDepthMax)
        return generic_error("Parameter '{}' is too long", key);
    return fragments;
}

Result<void> put(Node &root, std::string_view key, std::span<const std::string_view> fragments,
                 std::string value) {
    Node *node = &root;
    for (const std::string_view fragment : fragments) {
        if (node->is_leaf)
            return generic_error("Parameters '{}.*' used inconsistently",
                                 key.substr(0, static_cast<std::size_t>(fragment.data() - key.data()) - 1));
        node = &node->children[std::string(fragment)];
    }
    if (!node->children.empty())
        return generic_error("Parameters '{}.*' used inconsistently", key);
    node->is_leaf = true;
    node->text = std::move(value);
    return {};
}

/// Up to the next single comma, which is consumed; `,,` stands for one comma.
std::string take_value(std::string_view &text) {
    std::string value;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == ',') {
            if (!text.starts_with(','))
                break;
            text.remove_prefix(1);
        }
        value += c;
    }
    return value;
}

struct Item {
    std::string_view key; ///< empty: the item asks for help
    std::vector<std::string_view> fragments;
    std::string value;
};

/// Take one item and the comma after it from `text`, which is not empty.
Result<Item> take_item(std::string_view &text, std::string_view implied_key) {
    const std::size_t stop = std::min(text.find_first_of("=,"), text.size());
    const std::string_view word = text.substr(0, stop);
    const bool has_value = stop < text.size() && text[stop] == '=';
    text.remove_prefix(std::min(stop + 1, text.size()));
    if (!has_value && (word == "help" || word == "?"))
        return Item{};
    if (!has_value && !word.empty() && !implied_key.empty())
        return Item{implied_key, {implied_key}, std::string(word)};
    auto fragments = split_key(word);
    if (fragments.has_error())
        return fragments.error();
    if (!has_value)
        return generic_error("Expected '=' after parameter '{}'", word);
    return Item{word, std::move(*fragments), take_value(text)};
}

Result<Json> to_json(const Node &node, const std::string &path) {
    if (node.is_leaf)
        return Json(node.text);
    const auto digits = std::count_if(node.children.begin(), node.children.end(),
                                      [](const auto &child) { return all_digits(child.first); });
    if (digits != 0 && static_cast<std::size_t>(digits) != node.children.size())
        return generic_error("Parameters '{}*' used inconsistently", path);
    Json out = digits != 0 ? Json::array() : Json::object();
    if (digits == 0) {
        for (const auto &[name, child] : node.children) {
            auto value = to_json(child, path + name + ".");
            if (value.has_error())
                return value.error();
            out[name] = std::move(*value);
        }
        return out;
    }
    for (std::size_t index = 0; index < node.children.size(); ++index) {
        const auto child = node.children.find(std::to_string(index));
        if (child == node.children.end())
            return generic_error("Parameter '{}{}' missing", path, index);
        auto value = to_json(child->second, path + child->first + ".");
        if (value.has_error())
            return value.error();
        out.push_back(std::move(*value));
    }
    return out;
}

/// Where the text ends, as JsonReader counts lines and columns.
Error premature_end(std::string_view text) {
    const auto line = std::count(text.begin(), text.end(), '\n') + 1;
    const auto column = text.size() - (text.rfind('\n') + 1) + 1;
    return generic_error("{}:{}: JSON parse error, premature end of input", line, column);
}

} // namespace

Result<Keyval> parse_keyval(std::string_view text, std::string_view implied_key) {
    Keyval result;
    Node root;
    for (bool first = true; !text.empty(); first = false) {
        auto item = take_item(text, first ? implied_key : "");
        if (item.has_error())
            return item.error();
        if (item->key.empty()) {
            result.help = true;
            continue;
        }
        auto stored = put(root, item->key, item->fragments, std::move(item->value));
        if (stored.has_error())
            return stored.error();
    }
    auto tree = to_json(root, "");
    if (tree.has_error())
        return tree.error();
    result.tree = std::move(*tree);
    return result;
}

Result<Json> parse_option_json(std::string_view text) {
    JsonReader reader;
    reader.feed(text);
    auto value = reader.next();
    if (!value)
        return premature_end(text);
    if (value->has_error())
        return std::move(*value);
    if (reader.next() || reader.half_read())
        return generic_error("Expecting at most one JSON value");
    return std::move(*value);
}

} // namespace iothreadd::qapi
