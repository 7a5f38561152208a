// SPDX-License-Identifier: Apache-2.0
//
// Decoding and encoding of the types of sub_tree. Generated from the QAPI schema.

#include "golden/sub_tree_codec.hpp"
#include "protocol/qmp/codec.hpp"

namespace iothreadd::qapi {

bool decode(const Json &in, NodeKind &out, const Path &path, DecodeContext &context) {
    return decode_enum(in, node_kind_names, out, path, context);
}

Json encode(NodeKind value) { return Json(to_string(value)); }

bool decode_members(ObjectReader &reader, Link &out) {
    return reader.required("hops", out.hops);
}

void encode_members(ObjectWriter &writer, const Link &value) {
    writer.put("hops", value.hops);
}

bool decode(const Json &in, Link &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Link &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, Node &out) {
    NodeKind tag{};
    if (!(reader.required("kind", tag) &&
          reader.optional("parent", out.parent) &&
          reader.required("friends", out.friends)))
        return false;
    switch (tag) {
    case NodeKind::leaf:
        out.u.emplace<0>();
        return true;
    case NodeKind::fork:
        return decode_members(reader, *out.u.emplace<1>());
    case NodeKind::link:
        return decode_members(reader, out.u.emplace<2>());
    }
    return false;
}

void encode_members(ObjectWriter &writer, const Node &value) {
    writer.put("kind", value.kind());
    writer.put("parent", value.parent);
    writer.put("friends", value.friends);
    switch (value.kind()) {
    case NodeKind::leaf:
        break;
    case NodeKind::fork:
        encode_members(writer, *std::get<1>(value.u));
        break;
    case NodeKind::link:
        encode_members(writer, std::get<2>(value.u));
        break;
    }
}

bool decode(const Json &in, Node &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Node &value) { return encode_object(value); }

bool decode_members(ObjectReader &reader, Fork &out) {
    return reader.required("left", out.left) &&
           reader.required("right", out.right);
}

void encode_members(ObjectWriter &writer, const Fork &value) {
    writer.put("left", value.left);
    writer.put("right", value.right);
}

bool decode(const Json &in, Fork &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const Fork &value) { return encode_object(value); }

bool decode(const Json &in, NodeRef &out, const Path &path, DecodeContext &context) {
    switch (alternate_kind(in, {.string = -1, .number = 0, .boolean = -1, .null = -1, .object = 1, .array = -1}, context)) {
    case 0:
        return decode(in, out.u.emplace<0>(), path, context);
    case 1:
        return decode(in, *out.u.emplace<1>(), path, context);
    default:
        return context.fail_alternate(path, "NodeRef");
    }
}

Json encode(const NodeRef &value) {
    switch (value.u.index()) {
    case 0:
        return encode(std::get<0>(value.u));
    case 1:
        return encode(*std::get<1>(value.u));
    default:
        return Json();
    }
}

bool decode_members(ObjectReader &reader, NodeAddedEvent &out) {
    return reader.required("node", out.node);
}

void encode_members(ObjectWriter &writer, const NodeAddedEvent &value) {
    writer.put("node", value.node);
}

bool decode(const Json &in, NodeAddedEvent &out, const Path &path, DecodeContext &context) {
    return decode_object(in, out, path, context);
}

Json encode(const NodeAddedEvent &value) { return encode_object(value); }

} // namespace iothreadd::qapi
