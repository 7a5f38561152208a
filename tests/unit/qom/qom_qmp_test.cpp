// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/qom/test_objects.hpp"

#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/qom_commands.hpp"
#include "tests/unit/untouched.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <map>
#include <tuple>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

struct Fixture {
    Fixture() {
        register_lamp(tree);
        REQUIRE(create_lamp(tree, "l0", {.poll_max_ns = 40}).has_value());
    }

    ObjectTree tree;
    Untouched untouched;
    QmpContext context{tree,      untouched, untouched, untouched, untouched,
                       untouched, untouched, untouched, untouched, nullptr};
};

using Types = std::vector<std::pair<std::string, std::string>>;

Types names_and_types(const Result<std::vector<qapi::ObjectPropertyInfo>> &list) {
    REQUIRE(list.has_value());
    Types all;
    for (const auto &info : *list)
        all.emplace_back(info.name, info.type);
    return all;
}

Error device_error(const std::string &path) { return device_not_found("Device '{}' not found", path); }

} // namespace

TEST_CASE_METHOD(Fixture, "qom-list: shows properties and children", "[qom]") {
    CHECK(names_and_types(qmp_qom_list(context, {.path = "/objects"})) ==
          Types{{"type", "string"}, {"l0", "child<lamp>"}});
    CHECK(names_and_types(qmp_qom_list(context, {.path = "/"})) ==
          Types{{"type", "string"}, {"objects", "child<container>"}});
    CHECK(names_and_types(qmp_qom_list(context, {.path = "l0"})) ==
          Types{{"type", "string"}, {"legs", "int"}, {"power", "int"}, {"switch", "int"}});
    CHECK(qmp_qom_list(context, {.path = "nope"}).error() == device_error("nope"));
    CHECK(qmp_qom_list(context, {.path = ""}).error() == generic_error("Path '' is ambiguous"));
}

TEST_CASE_METHOD(Fixture, "qom-list-get: shows properties with their values, object by object", "[qom]") {
    using Values = std::vector<std::tuple<std::string, std::string, std::optional<Json>>>;
    const auto list = qmp_qom_list_get(context, {.paths = {"l0", "/objects", "/objects/l0"}});
    REQUIRE(list.has_value());
    std::vector<Values> objects;
    for (const auto &object : *list) {
        objects.emplace_back();
        for (const auto &property : object.properties)
            objects.back().emplace_back(property.name, property.type, property.value);
    }
    const Values lamp{{"type", "string", "lamp"},
                      {"legs", "int", 4},
                      {"power", "int", 40},
                      {"switch", "int", std::nullopt}};
    CHECK(objects ==
          std::vector<Values>{
              lamp, {{"type", "string", "container"}, {"l0", "child<lamp>", "/objects/l0"}}, lamp});
    CHECK(qmp_qom_list_get(context, {.paths = {}})->empty());
}

TEST_CASE_METHOD(Fixture, "qom-list-get: fails for one bad path, or too many", "[qom]") {
    CHECK(qmp_qom_list_get(context, {.paths = {"l0", "nope", "/"}}).error() == device_error("nope"));
    CHECK(qmp_qom_list_get(context, {.paths = {"l0", ""}}).error() == generic_error("Path '' is ambiguous"));
    std::vector<std::string> paths(1024, "/");
    CHECK(qmp_qom_list_get(context, {.paths = paths})->size() == paths.size());
    paths.emplace_back("/");
    CHECK(qmp_qom_list_get(context, {.paths = paths}).error() ==
          generic_error("Parameter 'paths' can have at most 1024 entries"));
}

TEST_CASE_METHOD(Fixture, "qom-get: reads values, types and paths of children", "[qom]") {
    CHECK(*qmp_qom_get(context, {.path = "/objects/l0", .property = "power"}) == Json(40));
    CHECK(*qmp_qom_get(context, {.path = "l0", .property = "type"}) == Json("lamp"));
    CHECK(*qmp_qom_get(context, {.path = "/objects", .property = "l0"}) == Json("/objects/l0"));
    CHECK(*qmp_qom_get(context, {.path = "/", .property = "objects"}) == Json("/objects"));
}

TEST_CASE_METHOD(Fixture, "qom-get: checks the path, then the property", "[qom]") {
    const std::string path = GENERATE("/objects/nope", "");
    CHECK(qmp_qom_get(context, {.path = path, .property = "nope"}).error() == device_error(path));
    const std::string name = GENERATE("nope", "id", "thread-id", "");
    CHECK(qmp_qom_get(context, {.path = "l0", .property = name}).error() ==
          generic_error("Property 'lamp.{}' not found", name));
    CHECK(qmp_qom_get(context, {.path = "l0", .property = "switch"}).error() ==
          generic_error("Property 'lamp.switch' is not readable"));
}

TEST_CASE_METHOD(Fixture, "qom-set: changes a value at once, or nothing", "[qom]") {
    CHECK(qmp_qom_set(context, {.path = "l0", .property = "power", .value = 60}).has_value());
    CHECK(*qmp_qom_get(context, {.path = "l0", .property = "power"}) == Json(60));
    CHECK(qmp_qom_set(context, {.path = "l0", .property = "power", .value = -1}).error().desc == "too dark");
    const Json wrong = GENERATE(Json("5"), Json(1.0), Json(true), Json(nullptr), Json(Json::array()),
                                Json(9223372036854775808ULL));
    CHECK(qmp_qom_set(context, {.path = "l0", .property = "power", .value = wrong}).error().desc ==
          "Invalid parameter type for 'power', expected: integer");
    CHECK(*qmp_qom_get(context, {.path = "l0", .property = "power"}) == Json(60));
}

TEST_CASE_METHOD(Fixture, "qom-set: checks the path, then the property, then whether it can be written",
                 "[qom]") {
    const auto refusal = [&](const char *path, const char *property) {
        return qmp_qom_set(context, {.path = path, .property = property, .value = "x"}).error();
    };
    CHECK(refusal("nope", "power") == device_error("nope"));
    CHECK(refusal("", "power") == device_error(""));
    CHECK(refusal("l0", "nope") == generic_error("Property 'lamp.nope' not found"));
    CHECK(refusal("l0", "type") == generic_error("Property 'lamp.type' is not writable"));
    CHECK(refusal("l0", "legs") == generic_error("Property 'lamp.legs' is not writable"));
    CHECK(refusal("/objects", "l0") == generic_error("Property 'container.l0' is not writable"));
}

TEST_CASE_METHOD(Fixture, "qom-list-types: filters by ancestor, and shows abstract types on request",
                 "[qom]") {
    using Parents = std::map<std::string, std::optional<std::string>>;
    const auto list = [&](const qapi::QomListTypesArgs &args) {
        Parents parents;
        for (const auto &info : *qmp_qom_list_types(context, args)) {
            parents[info.name] = info.parent;
            CHECK(info.abstract.has_value() == tree.find_type(info.name)->abstract);
        }
        return parents;
    };
    CHECK(list({}) == Parents{{"container", "object"}, {"lamp", "furniture"}});
    CHECK(list({.implements = "furniture"}) == Parents{{"lamp", "furniture"}});
    CHECK(list({.implements = "user-creatable"}) == Parents{{"lamp", "furniture"}});
    CHECK(list({.implements = "nope", .abstract = true}).empty());
    CHECK(list({.implements = "furniture", .abstract = true}) ==
          Parents{{"furniture", "object"}, {"lamp", "furniture"}});
    CHECK(list({.abstract = true})["object"] == std::nullopt);
}

TEST_CASE_METHOD(Fixture, "qom-list-properties: shows what objects of a type have", "[qom]") {
    CHECK(names_and_types(qmp_qom_list_properties(context, {.typename_ = "lamp"})) ==
          Types{{"type", "string"}, {"legs", "int"}, {"power", "int"}, {"switch", "int"}});
    CHECK(qmp_qom_list_properties(context, {.typename_ = "lamp"}).value()[2].description == "in watts");
    CHECK(names_and_types(qmp_qom_list_properties(context, {.typename_ = "furniture"})) ==
          Types{{"type", "string"}, {"legs", "int"}});
    CHECK(names_and_types(qmp_qom_list_properties(context, {.typename_ = "container"})) ==
          Types{{"type", "string"}});
    CHECK(qmp_qom_list_properties(context, {.typename_ = "nope"}).error() ==
          device_not_found("Class 'nope' not found"));
    CHECK(qmp_qom_list_properties(context, {.typename_ = "user-creatable"}).error() ==
          generic_error("Parameter 'typename' expects a QOM type"));
}

TEST_CASE_METHOD(Fixture, "object-add and object-del: make and remove objects of the given type", "[qom]") {
    tree.register_type({.name = "iothread", .parent = "object"},
                       [](const qapi::ObjectOptions &options) -> Result<std::unique_ptr<Object>> {
                           return std::make_unique<Lamp>(options.id, 1, nullptr);
                       });
    qapi::ObjectOptions options;
    options.id = "io0";
    CHECK(qmp_object_add(context, options).has_value());
    CHECK(tree.objects().find_child("io0")->type().name == "iothread");
    CHECK(qmp_object_add(context, options).error().desc ==
          "attempt to add duplicate property 'io0' to object (type 'container')");
    CHECK(qmp_object_del(context, {.id = "io0"}).has_value());
    CHECK(qmp_object_del(context, {.id = "io0"}).error() == generic_error("object 'io0' not found"));
}
