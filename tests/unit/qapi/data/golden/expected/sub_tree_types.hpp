// SPDX-License-Identifier: Apache-2.0
//
// The types of sub_tree. Generated from the QAPI schema.
#pragma once

#include "protocol/qmp/qapi_types.hpp"

namespace iothreadd::qapi {

struct Node;
struct Fork;
struct NodeRef;

enum class NodeKind : std::uint16_t {
    leaf,
    fork,
    link,
};
inline constexpr std::array<std::string_view, 3> node_kind_names{
    "leaf",
    "fork",
    "link",
};
std::string_view to_string(NodeKind value);
std::optional<NodeKind> node_kind_from_string(std::string_view name);

struct Link {
    std::int32_t hops{};
};

/// A union with its base spelled out, which contains itself
struct Node {
    std::optional<Box<Node>> parent{};
    std::vector<Node> friends{};
    std::variant<Case<NodeKind::leaf>,
                 Case<NodeKind::fork, Box<Fork>>,
                 Case<NodeKind::link, Link>> u{};

    NodeKind kind() const { return static_cast<NodeKind>(u.index()); }
};

struct Fork {
    Box<NodeRef> left{};
    Box<NodeRef> right{};
};

struct NodeRef {
    std::variant<std::uint64_t, Box<Node>> u{};
};

struct NodeAddedEvent {
    Node node{};
};

} // namespace iothreadd::qapi
