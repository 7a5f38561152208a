// SPDX-License-Identifier: Apache-2.0
//
// The names of the enums of golden. Generated from the QAPI schema.

#include "golden/golden_types.hpp"

namespace iothreadd::qapi {

std::string_view to_string(Level value) { return enum_name(level_names, value); }

std::optional<Level> level_from_string(std::string_view name) {
    return enum_value<Level>(level_names, name);
}

} // namespace iothreadd::qapi
