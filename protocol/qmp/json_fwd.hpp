// SPDX-License-Identifier: Apache-2.0
//
// Json as a name only, for headers: the full nlohmann header costs seconds in every unit that includes it.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace iothreadd {

using Json = nlohmann::json;

} // namespace iothreadd
