// SPDX-License-Identifier: Apache-2.0
//
// Decoding and encoding of the types of sub_tree. Generated from the QAPI schema.
#pragma once

#include "protocol/qmp/codec_fwd.hpp"
#include "golden/sub_tree_types.hpp"

namespace iothreadd::qapi {

bool decode(const Json &in, NodeKind &out, const Path &path, DecodeContext &context);
Json encode(NodeKind value);

bool decode_members(ObjectReader &reader, Link &out);
void encode_members(ObjectWriter &writer, const Link &value);
bool decode(const Json &in, Link &out, const Path &path, DecodeContext &context);
Json encode(const Link &value);

bool decode_members(ObjectReader &reader, Node &out);
void encode_members(ObjectWriter &writer, const Node &value);
bool decode(const Json &in, Node &out, const Path &path, DecodeContext &context);
Json encode(const Node &value);

bool decode_members(ObjectReader &reader, Fork &out);
void encode_members(ObjectWriter &writer, const Fork &value);
bool decode(const Json &in, Fork &out, const Path &path, DecodeContext &context);
Json encode(const Fork &value);

bool decode(const Json &in, NodeRef &out, const Path &path, DecodeContext &context);
Json encode(const NodeRef &value);

bool decode_members(ObjectReader &reader, NodeAddedEvent &out);
void encode_members(ObjectWriter &writer, const NodeAddedEvent &value);
bool decode(const Json &in, NodeAddedEvent &out, const Path &path, DecodeContext &context);
Json encode(const NodeAddedEvent &value);

} // namespace iothreadd::qapi
