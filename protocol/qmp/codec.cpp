// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/codec.hpp"

#include "protocol/qmp/text_value.hpp"
#include "protocol/qmp/utf8.hpp"

#include <algorithm>
#include <limits>

namespace iothreadd::qapi {
namespace {

using Kind = DecodeError::Kind;

/// The string of a leaf that came from key=value text; null and an error when it is a subtree instead.
const std::string *text_leaf(const Json &in, const Path &path, DecodeContext &context) {
    if (const auto *text = in.get_ptr<const std::string *>())
        return text;
    context.fail(Kind::text_tree, path);
    return nullptr;
}

bool decode_int64(const Json &in, std::int64_t &out, const Path &path, DecodeContext &context) {
    if (context.input == Input::text) {
        const std::string *text = text_leaf(in, path, context);
        return text && (parse_int64(*text, out) || context.fail(Kind::bad_text, path, "integer"));
    }
    if (!in.is_number_integer())
        return context.fail(Kind::type, path, "integer");
    if (in.is_number_unsigned() && in.get_ref<const Json::number_unsigned_t &>() > INT64_MAX)
        return context.fail(Kind::type, path, "integer");
    out = in.get<std::int64_t>();
    return true;
}

bool decode_uint64(const Json &in, std::uint64_t &out, const Path &path, DecodeContext &context) {
    if (context.input == Input::text) {
        const std::string *text = text_leaf(in, path, context);
        if (!text)
            return false;
        if (context.size_suffixes)
            return parse_size(*text, out) || context.fail(Kind::bad_text, path, "size");
        return parse_uint64(*text, out) || context.fail(Kind::bad_text, path, "integer");
    }
    if (!in.is_number_integer())
        return context.fail(Kind::uint64, path);
    out = in.is_number_unsigned() ? in.get_ref<const Json::number_unsigned_t &>()
                                  : static_cast<std::uint64_t>(in.get_ref<const Json::number_integer_t &>());
    return true;
}

template <class T, class Wide, class Decode>
bool decode_narrow(const Json &in, T &out, const Path &path, DecodeContext &context, Decode decode_wide,
                   const char *type) {
    Wide wide = 0;
    if (!decode_wide(in, wide, path, context))
        return false;
    if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max())
        return context.fail_last(Kind::range, path, type);
    out = static_cast<T>(wide);
    return true;
}

} // namespace

std::string Path::full(Input input) const {
    if (!parent_)
        return {};
    std::string text = parent_->full(input);
    if (is_index_)
        return input == Input::text ? fmt::format("{}.{}", text, index_)
                                    : fmt::format("{}[{}]", text, index_);
    if (!text.empty())
        text += '.';
    return text.append(name_);
}

std::string Path::last() const { return parent_ && !is_index_ ? std::string(name_) : "null"; }

std::string DecodeError::text() const {
    switch (kind) {
    case Kind::missing:
        return fmt::format("Parameter '{}' is missing", path);
    case Kind::unexpected:
        return fmt::format("Parameter '{}' is unexpected", path);
    case Kind::type:
        return fmt::format("Invalid parameter type for '{}', expected: {}", path, detail);
    case Kind::uint64:
        return fmt::format("Parameter '{}' expects uint64", path);
    case Kind::range:
    case Kind::bad_text:
        return fmt::format("Parameter '{}' expects {}", path, detail);
    case Kind::enum_value:
        return fmt::format("Parameter '{}' does not accept value '{}'", path, detail);
    case Kind::text_tree:
        return fmt::format("Parameters '{}.*' are unexpected", path);
    }
    return {};
}

bool DecodeContext::fail(DecodeError::Kind kind, const Path &path, std::string detail) {
    error = DecodeError{kind, path.full(input), std::move(detail)};
    return false;
}

bool DecodeContext::fail_last(DecodeError::Kind kind, const Path &path, std::string detail) {
    error = DecodeError{kind, path.last(), std::move(detail)};
    return false;
}

bool DecodeContext::fail_alternate(const Path &path, std::string_view type) {
    return fail_last(DecodeError::Kind::type, path, std::string(type));
}

bool decode(const Json &in, std::string &out, const Path &path, DecodeContext &context) {
    if (context.input == Input::text) {
        const std::string *text = text_leaf(in, path, context);
        if (text)
            out = *text;
        return text;
    }
    if (!in.is_string())
        return context.fail(Kind::type, path, "string");
    const std::string &given = in.get_ref<const std::string &>();
    if (contains_nul(given))
        return context.fail(Kind::bad_text, path, "a string without NUL characters");
    out = given;
    return true;
}

bool decode(const Json &in, bool &out, const Path &path, DecodeContext &context) {
    if (context.input == Input::text) {
        const std::string *text = text_leaf(in, path, context);
        return text && (parse_bool(*text, out) || context.fail(Kind::bad_text, path, "'on' or 'off'"));
    }
    if (!in.is_boolean())
        return context.fail(Kind::type, path, "boolean");
    out = in.get<bool>();
    return true;
}

bool decode(const Json &in, double &out, const Path &path, DecodeContext &context) {
    if (context.input == Input::text) {
        const std::string *text = text_leaf(in, path, context);
        return text && (parse_number(*text, out) || context.fail(Kind::bad_text, path, "number"));
    }
    if (!in.is_number())
        return context.fail(Kind::type, path, "number");
    out = in.get<double>();
    return true;
}

bool decode(const Json &in, std::nullptr_t &out, const Path &path, DecodeContext &context) {
    out = nullptr;
    return in.is_null() || context.fail(Kind::type, path, "null");
}

bool decode(const Json &in, std::int8_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::int8_t, std::int64_t>(in, out, path, context, decode_int64, "int8_t");
}

bool decode(const Json &in, std::int16_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::int16_t, std::int64_t>(in, out, path, context, decode_int64, "int16_t");
}

bool decode(const Json &in, std::int32_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::int32_t, std::int64_t>(in, out, path, context, decode_int64, "int32_t");
}

bool decode(const Json &in, std::int64_t &out, const Path &path, DecodeContext &context) {
    return decode_int64(in, out, path, context);
}

bool decode(const Json &in, std::uint8_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::uint8_t, std::uint64_t>(in, out, path, context, decode_uint64, "uint8_t");
}

bool decode(const Json &in, std::uint16_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::uint16_t, std::uint64_t>(in, out, path, context, decode_uint64, "uint16_t");
}

bool decode(const Json &in, std::uint32_t &out, const Path &path, DecodeContext &context) {
    return decode_narrow<std::uint32_t, std::uint64_t>(in, out, path, context, decode_uint64, "uint32_t");
}

bool decode(const Json &in, std::uint64_t &out, const Path &path, DecodeContext &context) {
    return decode_uint64(in, out, path, context);
}

bool decode(const Json &in, Json &out, const Path &, DecodeContext &) {
    out = in;
    return true;
}

bool decode(const Json &in, Empty &, const Path &path, DecodeContext &context) {
    ObjectReader reader(in, path, context);
    return reader.open() && reader.close();
}

bool decode_enum_index(const Json &in, std::span<const std::string_view> names, std::size_t &out,
                       const Path &path, DecodeContext &context) {
    std::string name;
    if (!decode(in, name, path, context))
        return false;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        return context.fail_last(Kind::enum_value, path, std::move(name));
    out = static_cast<std::size_t>(found - names.begin());
    return true;
}

bool ObjectReader::open() { return in_.is_object() || context_.fail(Kind::type, path_, "object"); }

const Json *ObjectReader::find(std::string_view name) {
    asked_.push_back(name);
    const auto member = in_.find(name);
    if (member == in_.end())
        return nullptr;
    ++found_;
    return &*member;
}

bool ObjectReader::close() {
    if (found_ == in_.size())
        return true;
    for (const auto &[name, value] : in_.items())
        if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
            return context_.fail(Kind::unexpected, Path(path_, std::string_view(name)));
    return true;
}

int alternate_kind(const Json &in, const AlternateClaims &claims, const DecodeContext &context) {
    if (context.input == Input::text && in.is_string() && claims.string < 0)
        return claims.number >= 0 ? claims.number : claims.boolean;
    switch (in.type()) {
    case Json::value_t::string:
        return claims.string;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
        return claims.number;
    case Json::value_t::boolean:
        return claims.boolean;
    case Json::value_t::null:
        return claims.null;
    case Json::value_t::object:
        return claims.object;
    case Json::value_t::array:
        return claims.array;
    default:
        return -1;
    }
}

void ObjectWriter::begin_member(std::string_view name) {
    *text_ += has_members_ ? ", \"" : "\"";
    *text_ += name; // the schema's names need no escapes
    *text_ += "\": ";
    has_members_ = true;
}

std::optional<Json> event_data(Json data) {
    if (data.empty())
        return std::nullopt;
    return data;
}

} // namespace iothreadd::qapi
