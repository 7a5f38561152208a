// SPDX-License-Identifier: Apache-2.0
//
// The run-time part of the QAPI codecs: strict decoding of a Json tree into generated types, and encoding
// back. Generated code names the members and their order; what a value may look like and how a fault is
// worded is here.
//
// Two inputs: JSON, where types must match exactly, and text, where the tree came from key=value options and
// every leaf is a string that is converted to what the schema wants.
//
// Thread: any; plain functions on values.
// Source: QAPI wire mapping; the texts are QEMU 11.1's (enum and range faults name the last component only,
// and 'null' for an element of a list).
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/codec_fwd.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/json.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/qapi_types.hpp"

#include <concepts>
#include <span>
#include <type_traits>

namespace iothreadd::qapi {

/// How the values of the tree are written.
enum class Input : std::uint8_t { json, text };

/// Where in the tree a value stands: a list on the stack, rendered only when something is wrong.
class Path {
public:
    Path() = default;
    Path(const Path &parent, std::string_view name) : parent_(&parent), name_(name) {}
    Path(const Path &parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}

    /// `file.children[1].size`, or `file.children.1.size` for text.
    std::string full(Input input) const;
    /// The last component; `null` for a list element and for the root.
    std::string last() const;

private:
    const Path *parent_ = nullptr;
    std::string_view name_{};
    std::size_t index_ = 0;
    bool is_index_ = false;
};

/// The first fault found.
struct DecodeError {
    enum class Kind : std::uint8_t {
        missing,
        unexpected,
        type,
        uint64,
        range,
        enum_value,
        bad_text,
        text_tree
    };

    Kind kind = Kind::missing;
    std::string path;   ///< full path, or the last component: as the text of this kind names it
    std::string detail; ///< expected type, C type name, refused value

    /// The text for people and for `desc`.
    std::string text() const;
};

struct DecodeContext {
    Input input = Input::json;
    bool size_suffixes = false; ///< integers of the type `size`: text may be 4k or 1.5G
    DecodeError error{};

    /// All return false.
    bool fail(DecodeError::Kind kind, const Path &path, std::string detail = {});
    bool fail_last(DecodeError::Kind kind, const Path &path, std::string detail);
    bool fail_alternate(const Path &path, std::string_view type);
};

bool decode(const Json &in, std::string &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, bool &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, double &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::nullptr_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::int8_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::int16_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::int32_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::int64_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::uint8_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::uint16_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::uint32_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, std::uint64_t &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, Json &out, const Path &path, DecodeContext &context);
bool decode(const Json &in, Empty &out, const Path &path, DecodeContext &context);
template <class T>
bool decode(const Json &in, std::vector<T> &out, const Path &path, DecodeContext &context);
template <class T>
bool decode(const Json &in, Box<T> &out, const Path &path, DecodeContext &context);

/// The index of `in` among `names`; false and an error when it is none of them.
bool decode_enum_index(const Json &in, std::span<const std::string_view> names, std::size_t &out,
                       const Path &path, DecodeContext &context);

template <class E, std::size_t N>
bool decode_enum(const Json &in, const std::array<std::string_view, N> &names, E &out, const Path &path,
                 DecodeContext &context) {
    std::size_t index = 0;
    if (!decode_enum_index(in, names, index, path, context))
        return false;
    out = static_cast<E>(index);
    return true;
}

/// Decode a value of the schema's type `size`.
template <class T>
bool decode_size(const Json &in, T &out, const Path &path, DecodeContext &context) {
    const bool before = std::exchange(context.size_suffixes, true);
    const bool done = decode(in, out, path, context);
    context.size_suffixes = before;
    return done;
}

template <class T>
bool decode(const Json &in, std::vector<T> &out, const Path &path, DecodeContext &context) {
    if (!in.is_array())
        return context.fail(DecodeError::Kind::type, path, "array");
    out.clear();
    out.reserve(in.size());
    for (std::size_t index = 0; index < in.size(); ++index) {
        T element{};
        if (!decode(in[index], element, Path(path, index), context))
            return false;
        out.push_back(std::move(element));
    }
    return true;
}

template <class T>
bool decode(const Json &in, Box<T> &out, const Path &path, DecodeContext &context) {
    return decode(in, *out, path, context);
}

/// Hands out the members of one object in schema order and remembers which were asked for.
class ObjectReader {
public:
    ObjectReader(const Json &in, const Path &path, DecodeContext &context)
        : in_(in), path_(path), context_(context) {}

    /// False and an error when the input is no object.
    bool open();
    /// False and an error when there is a member nobody asked for.
    bool close();

    template <class T>
    bool required(std::string_view name, T &out) {
        const Json *member = find(name);
        const Path path(path_, name);
        return member ? decode(*member, out, path, context_)
                      : context_.fail(DecodeError::Kind::missing, path);
    }

    template <class T>
    bool optional(std::string_view name, std::optional<T> &out) {
        const Json *member = find(name);
        out.reset();
        return !member || decode(*member, out.emplace(), Path(path_, name), context_);
    }

    template <class T>
    bool required_size(std::string_view name, T &out) {
        const bool before = std::exchange(context_.size_suffixes, true);
        const bool done = required(name, out);
        context_.size_suffixes = before;
        return done;
    }

    template <class T>
    bool optional_size(std::string_view name, std::optional<T> &out) {
        const bool before = std::exchange(context_.size_suffixes, true);
        const bool done = optional(name, out);
        context_.size_suffixes = before;
        return done;
    }

private:
    const Json *find(std::string_view name);

    const Json &in_;
    const Path &path_;
    DecodeContext &context_;
    std::vector<std::string_view> asked_;
    std::size_t found_ = 0;
};

template <class T>
bool decode_object(const Json &in, T &out, const Path &path, DecodeContext &context) {
    ObjectReader reader(in, path, context);
    return reader.open() && decode_members(reader, out) && reader.close();
}

/// Which branch of an alternate each JSON type selects; -1 for none.
struct AlternateClaims {
    int string = -1, number = -1, boolean = -1, null = -1, object = -1, array = -1;
};
int alternate_kind(const Json &in, const AlternateClaims &claims, const DecodeContext &context);

/// Decode a whole value.
/// Errors: GenericError with the text of DecodeError.
template <class T>
Result<T> decode_as(const Json &in, Input input = Input::json) {
    T out{};
    DecodeContext context{.input = input};
    if (!decode(in, out, Path(), context))
        return Error{ErrorClass::GenericError, context.error.text()};
    return out;
}

template <class T>
    requires std::is_arithmetic_v<T>
Json encode(T value) {
    return Json(value);
}
inline Json encode(const std::string &value) { return Json(value); }
inline Json encode(std::nullptr_t) { return Json(nullptr); }
template <std::same_as<Json> T>
Json encode(const T &value) {
    return value;
}
template <class T>
Json encode(const std::vector<T> &values);
template <class T>
Json encode(const Box<T> &value);

template <class T>
Json encode(const std::vector<T> &values) {
    Json out = Json::array();
    for (const T &value : values)
        out.push_back(encode(value));
    return out;
}

template <class T>
Json encode(const Box<T> &value) {
    return encode(*value);
}

// Encoding straight to text: a long answer is never a tree, which takes several times as long to build and to
// destroy. write_value() appends what write_json() makes of encode(), with members in the schema's order.
template <class T>
void write_value(std::string &out, const T &value);
template <class T>
void write_value(std::string &out, const std::vector<T> &values);
template <class T>
void write_value(std::string &out, const Box<T> &value);

/// Builds one object, as a tree or as text; absent optional members are left out.
class ObjectWriter {
public:
    ObjectWriter() : object_(Json::object()) {}
    /// At the end of `text`, until end().
    explicit ObjectWriter(std::string &text) : text_(&text) { text += '{'; }

    template <class T>
    void put(const char *name, const T &value) {
        if (text_ == nullptr) {
            object_[name] = encode(value);
            return;
        }
        begin_member(name);
        write_value(*text_, value);
    }
    template <class T>
    void put(const char *name, const std::optional<T> &value) {
        if (value)
            put(name, *value);
    }

    Json take() { return std::move(object_); }
    void end() { *text_ += '}'; }

private:
    void begin_member(std::string_view name);

    Json object_;
    std::string *text_ = nullptr; ///< null: a tree
    bool has_members_ = false;    ///< of the text
};

template <class T>
Json encode_object(const T &value) {
    ObjectWriter writer;
    encode_members(writer, value);
    return writer.take();
}

template <class T>
void write_value(std::string &out, const T &value) {
    if constexpr (requires(ObjectWriter &writer) { encode_members(writer, value); }) {
        ObjectWriter writer{out};
        encode_members(writer, value);
        writer.end();
    } else if constexpr (std::same_as<T, std::string>) {
        write_json_string(out, value);
    } else if constexpr (std::is_enum_v<T>) {
        write_json_string(out, to_string(value));
    } else if constexpr (std::same_as<T, Json>) {
        write_json(out, value);
    } else { // scalars and alternates
        write_json(out, encode(value));
    }
}

template <class T>
void write_value(std::string &out, const std::vector<T> &values) {
    out += '[';
    for (std::string_view separator; const T &value : values) {
        out += separator;
        write_value(out, value);
        separator = ", ";
    }
    out += ']';
}

template <class T>
void write_value(std::string &out, const Box<T> &value) {
    write_value(out, *value);
}

/// What a command returns, as text.
template <class T>
ReplyText encode_text(const T &value) {
    ReplyText reply;
    write_value(reply.text, value);
    return reply;
}

/// The data of an event: absent when it would be empty.
std::optional<Json> event_data(Json data);

} // namespace iothreadd::qapi
