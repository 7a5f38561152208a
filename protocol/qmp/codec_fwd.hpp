// SPDX-License-Identifier: Apache-2.0
//
// The names that declarations of decode() and encode() need; codec.hpp has the definitions.
#pragma once

#include "protocol/qmp/json_fwd.hpp"

namespace iothreadd::qapi {

struct DecodeContext;
class ObjectReader;
class ObjectWriter;
class Path;

} // namespace iothreadd::qapi
