// SPDX-License-Identifier: Apache-2.0
//
// Decoding and encoding of the types of golden. Generated from the QAPI schema.
#pragma once

#include "protocol/qmp/codec_fwd.hpp"
#include "golden/golden_types.hpp"

namespace iothreadd::qapi {

bool decode(const Json &in, Level &out, const Path &path, DecodeContext &context);
Json encode(Level value);

bool decode_members(ObjectReader &reader, Named &out);
void encode_members(ObjectWriter &writer, const Named &value);
bool decode(const Json &in, Named &out, const Path &path, DecodeContext &context);
Json encode(const Named &value);

bool decode_members(ObjectReader &reader, Paint &out);
void encode_members(ObjectWriter &writer, const Paint &value);
bool decode(const Json &in, Paint &out, const Path &path, DecodeContext &context);
Json encode(const Paint &value);

bool decode_members(ObjectReader &reader, NamedLevel &out);
void encode_members(ObjectWriter &writer, const NamedLevel &value);
bool decode(const Json &in, NamedLevel &out, const Path &path, DecodeContext &context);
Json encode(const NamedLevel &value);

bool decode_members(ObjectReader &reader, PaintRatio &out);
void encode_members(ObjectWriter &writer, const PaintRatio &value);
bool decode(const Json &in, PaintRatio &out, const Path &path, DecodeContext &context);
Json encode(const PaintRatio &value);

bool decode_members(ObjectReader &reader, Tint &out);
void encode_members(ObjectWriter &writer, const Tint &value);
bool decode(const Json &in, Tint &out, const Path &path, DecodeContext &context);
Json encode(const Tint &value);

bool decode(const Json &in, PaintRef &out, const Path &path, DecodeContext &context);
Json encode(const PaintRef &value);

bool decode_members(ObjectReader &reader, Settings &out);
void encode_members(ObjectWriter &writer, const Settings &value);
bool decode(const Json &in, Settings &out, const Path &path, DecodeContext &context);
Json encode(const Settings &value);

bool decode_members(ObjectReader &reader, CommandLine &out);
void encode_members(ObjectWriter &writer, const CommandLine &value);
bool decode(const Json &in, CommandLine &out, const Path &path, DecodeContext &context);
Json encode(const CommandLine &value);

bool decode_members(ObjectReader &reader, PaintMixArgs &out);
void encode_members(ObjectWriter &writer, const PaintMixArgs &value);
bool decode(const Json &in, PaintMixArgs &out, const Path &path, DecodeContext &context);
Json encode(const PaintMixArgs &value);

bool decode_members(ObjectReader &reader, GetAnythingArgs &out);
void encode_members(ObjectWriter &writer, const GetAnythingArgs &value);
bool decode(const Json &in, GetAnythingArgs &out, const Path &path, DecodeContext &context);
Json encode(const GetAnythingArgs &value);

bool decode_members(ObjectReader &reader, PaintAddedEvent &out);
void encode_members(ObjectWriter &writer, const PaintAddedEvent &value);
bool decode(const Json &in, PaintAddedEvent &out, const Path &path, DecodeContext &context);
Json encode(const PaintAddedEvent &value);

} // namespace iothreadd::qapi
