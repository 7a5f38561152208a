// SPDX-License-Identifier: Apache-2.0
//
// Json: the value type of everything that travels over QMP. Text in and out is ours (JsonReader, JsonWriter):
// nlohmann's parser and printer speak another dialect.
#pragma once

#include <nlohmann/json.hpp>

namespace iothreadd {

using Json = nlohmann::json;

} // namespace iothreadd
