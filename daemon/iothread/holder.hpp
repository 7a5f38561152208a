// SPDX-License-Identifier: Apache-2.0
//
// Holder: whoever keeps an IOThread from being deleted. The kind travels with the name: it is never guessed
// from the text.
//
// Thread: any (a value).
#pragma once

#include <string>
#include <utility>

namespace iothreadd {

namespace qapi {
struct IOThreadHolder;
}

struct Holder {
    enum class Kind { qom_object, block_node, block_export };

    Kind kind;
    std::string name; ///< QOM path, node name or export id

    static Holder qom_object(std::string path) { return {Kind::qom_object, std::move(path)}; }
    static Holder block_node(std::string node_name) { return {Kind::block_node, std::move(node_name)}; }
    static Holder block_export(std::string id) { return {Kind::block_export, std::move(id)}; }

    bool operator==(const Holder &) const = default;
};

/// For a person: `block-export 'e0'`.
std::string describe(const Holder &holder);

/// For the wire.
qapi::IOThreadHolder to_qapi(const Holder &holder);

} // namespace iothreadd
