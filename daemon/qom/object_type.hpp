// SPDX-License-Identifier: Apache-2.0
//
// ObjectType: what all objects of one QOM type share: name, parent type, interfaces and properties. Property:
// one named value of an object, as qom-list, qom-get and qom-set see it.
//
// Types form two trees: objects, with `object` on top, and interfaces, with `interface` on top.
//
// Thread: main thread.  Source: QMP qom-list-types, qom-list-properties; QEMU Object Model.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/json_fwd.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace iothreadd {

class Object;

struct Property {
    std::string name;
    std::string type; ///< as qom-list shows it: a QAPI type name such as `int`, or `child<container>`
    std::function<Json(const Object &)> get;                           ///< empty: not readable
    std::function<Result<void>(Object &, const Json &)> set = nullptr; ///< empty: not writable
    std::string description{};
};

/// A property that is a 64-bit integer. `set` gets only values that are; it checks the range and, when it
/// refuses, leaves everything as it was. Empty `set`: not writable.
Property int_property(std::string name, std::function<std::int64_t(const Object &)> get,
                      std::function<Result<void>(Object &, std::int64_t)> set);

/// A read-only property that is a string.
Property string_property(std::string name, std::function<std::string(const Object &)> get);

struct ObjectType {
    std::string name;
    std::string parent; ///< empty for `object` and `interface` only
    bool abstract = false;
    std::vector<std::string> interfaces{};
    std::vector<Property>
        properties{}; ///< its own, without the parent's, in the order in which they are listed
};

} // namespace iothreadd
