// SPDX-License-Identifier: Apache-2.0
//
// The names of the enums of sub_tree. Generated from the QAPI schema.

#include "golden/sub_tree_types.hpp"

namespace iothreadd::qapi {

std::string_view to_string(NodeKind value) { return enum_name(node_kind_names, value); }

std::optional<NodeKind> node_kind_from_string(std::string_view name) {
    return enum_value<NodeKind>(node_kind_names, name);
}

} // namespace iothreadd::qapi
