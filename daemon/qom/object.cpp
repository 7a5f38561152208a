// SPDX-License-Identifier: Apache-2.0
#include "daemon/qom/object.hpp"

#include "daemon/util/thread.hpp"
#include "protocol/qmp/json.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace iothreadd {

Property int_property(std::string name, std::function<std::int64_t(const Object &)> get,
                      std::function<Result<void>(Object &, std::int64_t)> set) {
    Property property{name, "int",
                      [get = std::move(get)](const Object &object) { return Json(get(object)); }};
    if (!set)
        return property;
    property.set = [name = std::move(name), set = std::move(set)](Object &object,
                                                                  const Json &value) -> Result<void> {
        constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > max))
            return generic_error("Invalid parameter type for '{}', expected: integer", name);
        return set(object, value.get<std::int64_t>());
    };
    return property;
}

Property string_property(std::string name, std::function<std::string(const Object &)> get) {
    return {std::move(name), "string",
            [get = std::move(get)](const Object &object) { return Json(get(object)); }};
}

Object::Object(std::string id) : id_(std::move(id)) { assert_main_thread(); }

Object::~Object() {
    while (!children_.empty())
        children_.pop_back();
}

const ObjectType &Object::type() const {
    assert(type_ != nullptr);
    return *type_;
}

std::string Object::path() const {
    if (parent_ == nullptr)
        return "/";
    const std::string parent = parent_->path();
    return parent == "/" ? "/" + id_ : parent + "/" + id_;
}

Object *Object::find_child(std::string_view id) const {
    const auto found = std::find_if(children_.begin(), children_.end(),
                                    [id](const auto &child) { return child->id() == id; });
    return found == children_.end() ? nullptr : found->get();
}

Result<void> Object::complete() { return {}; }

Result<void> Object::prepare_delete() { return {}; }

} // namespace iothreadd
