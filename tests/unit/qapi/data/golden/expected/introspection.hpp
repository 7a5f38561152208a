// SPDX-License-Identifier: Apache-2.0
//
// The answer of query-qmp-schema. Generated from the QAPI schema.
#pragma once

#include <string_view>

namespace iothreadd {

/// JSON text in QMP's output style; lives as long as the program.
std::string_view introspection_json();

} // namespace iothreadd
