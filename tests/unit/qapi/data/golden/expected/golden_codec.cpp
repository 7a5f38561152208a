// SPDX-License-Identifier: Apache-2.0
//
// Decoding and encoding of the types of golden. Generated from the QAPI schema.

#include "golden/golden_codec.hpp"
#include "protocol/qmp/codec.hpp"

namespace iothreadd::qapi {

bool decode(const Json &in, Level &out, const Path &path, DecodeContext &context) {
    return decode_enum(in, level_names, out, path, context);
}

Json encode(Level value) { return Json(to_string(value)); }

bool decode_members(ObjectReader &reader, Named &out) {
    return reader.required("name", out.name);
}

void encode_members(ObjectWriter &writer, const Named &value) {
    writer.put("name", value.name);
}

bool decode(const Json &in, Named &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Named &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, Paint &out) {
    return decode_members(reader, static_cast<Named &>(out)) &&
           reader.required_size("amount", out.amount) &&
           reader.optional("level", out.level) &&
           reader.optional("tags", out.tags) &&
           reader.optional("class", out.class_) &&
           reader.optional("extra", out.extra) &&
           reader.optional("anything", out.anything);
}

void encode_members(ObjectWriter &writer, const Paint &value) {
    encode_members(writer, static_cast<const Named &>(value));
    writer.put("amount", value.amount);
    writer.put("level", value.level);
    writer.put("tags", value.tags);
    writer.put("class", value.class_);
    writer.put("extra", value.extra);
    writer.put("anything", value.anything);
}

bool decode(const Json &in, Paint &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Paint &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, NamedLevel &out) {
    return decode_members(reader, static_cast<Named &>(out)) &&
           reader.required("level", out.level);
}

void encode_members(ObjectWriter &writer, const NamedLevel &value) {
    encode_members(writer, static_cast<const Named &>(value));
    writer.put("level", value.level);
}

bool decode(const Json &in, NamedLevel &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const NamedLevel &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, PaintRatio &out) {
    return reader.required("ratio", out.ratio);
}

void encode_members(ObjectWriter &writer, const PaintRatio &value) {
    writer.put("ratio", value.ratio);
}

bool decode(const Json &in, PaintRatio &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const PaintRatio &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, Tint &out) {
    Level tag{};
    if (!(reader.required("name", out.name) &&
          reader.required("level", tag)))
        return false;
    switch (tag) {
    case Level::low:
        return decode_members(reader, out.u.emplace<0>());
    case Level::v2_high:
        out.u.emplace<1>();
        return true;
    case Level::default_:
        out.u.emplace<2>();
        return true;
    case Level::extra:
        return decode_members(reader, out.u.emplace<3>());
    }
    return false;
}

void encode_members(ObjectWriter &writer, const Tint &value) {
    writer.put("name", value.name);
    writer.put("level", value.level());
    switch (value.level()) {
    case Level::low:
        encode_members(writer, std::get<0>(value.u));
        break;
    case Level::v2_high:
        break;
    case Level::default_:
        break;
    case Level::extra:
        encode_members(writer, std::get<3>(value.u));
        break;
    }
}

bool decode(const Json &in, Tint &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Tint &value) { return encode_object(value); }

bool decode(const Json &in, PaintRef &out, const Path &path, DecodeContext &context) {
    switch (alternate_kind(in, {.string = 0, .number = -1, .boolean = -1, .null = 3, .object = 1, .array = 2}, context)) {
    case 0:
        return decode(in, out.u.emplace<0>(), path, context);
    case 1:
        return decode(in, out.u.emplace<1>(), path, context);
    case 2:
        return decode(in, out.u.emplace<2>(), path, context);
    case 3:
        return decode(in, out.u.emplace<3>(), path, context);
    default:
        return context.fail_alternate(path, "PaintRef");
    }
}

Json encode(const PaintRef &value) {
    switch (value.u.index()) {
    case 0:
        return encode(std::get<0>(value.u));
    case 1:
        return encode(std::get<1>(value.u));
    case 2:
        return encode(std::get<2>(value.u));
    case 3:
        return encode(std::get<3>(value.u));
    default:
        return Json();
    }
}

bool decode_members(ObjectReader &reader, Settings &out) {
    return reader.optional("pidfile", out.pidfile) &&
           reader.required("quiet", out.quiet);
}

void encode_members(ObjectWriter &writer, const Settings &value) {
    writer.put("pidfile", value.pidfile);
    writer.put("quiet", value.quiet);
}

bool decode(const Json &in, Settings &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Settings &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, CommandLine &out) {
    return decode_members(reader, static_cast<Settings &>(out)) &&
           reader.optional("paint", out.paint) &&
           reader.optional("tint", out.tint);
}

void encode_members(ObjectWriter &writer, const CommandLine &value) {
    encode_members(writer, static_cast<const Settings &>(value));
    writer.put("paint", value.paint);
    writer.put("tint", value.tint);
}

bool decode(const Json &in, CommandLine &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const CommandLine &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, PaintMixArgs &out) {
    return reader.required("first", out.first) &&
           reader.optional("second", out.second);
}

void encode_members(ObjectWriter &writer, const PaintMixArgs &value) {
    writer.put("first", value.first);
    writer.put("second", value.second);
}

bool decode(const Json &in, PaintMixArgs &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const PaintMixArgs &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, GetAnythingArgs &out) {
    return reader.required("path", out.path);
}

void encode_members(ObjectWriter &writer, const GetAnythingArgs &value) {
    writer.put("path", value.path);
}

bool decode(const Json &in, GetAnythingArgs &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const GetAnythingArgs &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, PaintAddedEvent &out) {
    return reader.required("name", out.name) &&
           reader.optional("level", out.level);
}

void encode_members(ObjectWriter &writer, const PaintAddedEvent &value) {
    writer.put("name", value.name);
    writer.put("level", value.level);
}

bool decode(const Json &in, PaintAddedEvent &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const PaintAddedEvent &value) { return encode_object(value); }

} // namespace iothreadd::qapi
