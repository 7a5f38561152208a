// SPDX-License-Identifier: Apache-2.0
//
// Lamp: an object type for tests, concrete child of the abstract `furniture`. Its one value, `power`, comes
// from the option poll-max-ns, since the schema knows no lamps: negative is refused by the factory, 13 when
// it is started.
#pragma once

#include "daemon/qom/object_tree.hpp"

#include "qapi/qom_types.hpp"

#include <string>

namespace iothreadd::test {

class Lamp final : public Object {
public:
    Lamp(std::string id, std::int64_t power_, std::string *log)
        : Object(std::move(id)), power(power_), log_(log) {}
    ~Lamp() override {
        if (log_ != nullptr)
            *log_ += id();
    }
    Result<void> complete() override {
        if (power == 13)
            return generic_error("the fuse blew");
        return {};
    }
    Result<void> prepare_delete() override {
        if (!holder.empty())
            return generic_error("object '{}' is in use, can not be deleted: held by {}", id(), holder);
        return {};
    }
    Result<void> set_power(std::int64_t value) {
        if (value < 0)
            return generic_error("too dark");
        power = value;
        return {};
    }

    std::int64_t power;
    std::string holder;

private:
    std::string *log_;
};

/// `log` gets the ids of lamps that are destroyed.
inline void register_lamp(ObjectTree &tree, std::string *log = nullptr) {
    ObjectType furniture{
        .name = "furniture", .parent = "object", .abstract = true, .interfaces = {"user-creatable"}};
    furniture.properties.push_back(int_property(
        "legs", [](const Object &) { return 4; }, nullptr));
    tree.register_type(std::move(furniture));

    ObjectType lamp{.name = "lamp", .parent = "furniture"};
    lamp.properties.push_back(int_property(
        "power", [](const Object &self) { return static_cast<const Lamp &>(self).power; },
        [](Object &self, std::int64_t value) { return static_cast<Lamp &>(self).set_power(value); }));
    lamp.properties.back().description = "in watts";
    lamp.properties.push_back(
        {.name = "switch", .type = "int", .get = nullptr, .set = [](Object &, const Json &) -> Result<void> {
             return {};
         }});
    tree.register_type(std::move(lamp),
                       [log](const qapi::ObjectOptions &options) -> Result<std::unique_ptr<Object>> {
                           const auto &properties = std::get<0>(options.u);
                           if (properties.poll_max_ns.value_or(0) < 0)
                               return generic_error("too dark");
                           return std::make_unique<Lamp>(options.id, properties.poll_max_ns.value_or(0), log);
                       });
}

struct LampOptions {
    std::int64_t poll_max_ns = 0;
};

inline Result<void> create_lamp(ObjectTree &tree, const std::string &id, LampOptions lamp = {}) {
    qapi::ObjectOptions options;
    options.id = id;
    std::get<0>(options.u).poll_max_ns = lamp.poll_max_ns;
    return tree.create("lamp", id, options);
}

} // namespace iothreadd::test
