// SPDX-License-Identifier: Apache-2.0
//
// From the text of a string or number token to its value.
//
// Thread: any.  Source: QMP's rules for strings and numbers as observed in QEMU 11.1.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace iothreadd {

/// The content of a string token, which comes with its quotes. `\u0000` becomes C0 80 (see utf8.hpp).
Result<std::string> decode_json_string(std::string_view token);

/// An int64 if it fits, else a uint64 if it fits, else a double; none if that is not finite.
std::optional<Json> decode_json_integer(std::string_view token);

/// A number with a fraction or an exponent: a double, whatever its value; none if it is not finite.
std::optional<Json> decode_json_floating(std::string_view token);

} // namespace iothreadd
