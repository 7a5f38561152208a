// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/qom/test_objects.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

TEST_CASE("ObjectTree: starts with a root and the container of users' objects", "[qom]") {
    ObjectTree tree;
    CHECK(tree.root().path() == "/");
    CHECK(tree.objects().path() == "/objects");
    CHECK(tree.root().type().name == "container");
    CHECK(tree.objects().children().empty());
}

TEST_CASE("ObjectTree: keeps objects in the order of their creation", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    for (const char *id : {"zz", "aa", "mm"})
        REQUIRE(create_lamp(tree, id).has_value());
    REQUIRE(tree.remove("aa").has_value());
    REQUIRE(create_lamp(tree, "aa").has_value());
    std::vector<std::string> ids;
    for (const auto &child : tree.objects().children())
        ids.push_back(child->id());
    CHECK(ids == std::vector<std::string>{"zz", "mm", "aa"});
    CHECK(tree.objects().find_child("mm")->path() == "/objects/mm");
    CHECK(tree.objects().find_child("mm")->type().name == "lamp");
}

TEST_CASE("ObjectTree: checks the id, then the values, then for a duplicate, then starts the object",
          "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    REQUIRE(create_lamp(tree, "l0").has_value());
    CHECK(create_lamp(tree, "0", {.poll_max_ns = -1}).error() ==
          Error{ErrorClass::GenericError, "Parameter 'id' expects an identifier",
                "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."});
    CHECK(create_lamp(tree, "l0", {.poll_max_ns = -1}).error().desc == "too dark");
    CHECK(create_lamp(tree, "l0", {.poll_max_ns = 13}).error().desc ==
          "attempt to add duplicate property 'l0' to object (type 'container')");
    CHECK(create_lamp(tree, "l1", {.poll_max_ns = 13}).error().desc == "the fuse blew");
    CHECK(tree.objects().children().size() == 1); // and nothing is left of the others
    CHECK(create_lamp(tree, "type").error().desc ==
          "attempt to add duplicate property 'type' to object (type 'container')");
}

TEST_CASE("ObjectTree: an id is a letter, then letters, digits, '-', '.' and '_'", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    for (const std::string &good :
         {std::string("a"), std::string("Z"), std::string("a-b.c_d9"), std::string(300, 'a')})
        CHECK(create_lamp(tree, good).has_value());
    for (const char *bad : {"", "9a", "-a", ".", "a b", "a/b", "\xc3\xa4", "a\n"})
        CHECK(create_lamp(tree, bad).error().desc == "Parameter 'id' expects an identifier");
}

TEST_CASE("ObjectTree: makes only objects of types that have a factory", "[qom]") {
    ObjectTree tree;
    CHECK(tree.create("container", "c0", {}).error().desc == "invalid object type: container");
    CHECK(tree.create("nope", "n0", {}).error().desc == "invalid object type: nope");
}

TEST_CASE("ObjectTree: an object may refuse to go", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    REQUIRE(create_lamp(tree, "l0").has_value());
    auto &lamp = static_cast<Lamp &>(*tree.objects().find_child("l0"));
    lamp.holder = "the reader";
    CHECK(tree.remove("l0").error().desc == "object 'l0' is in use, can not be deleted: held by the reader");
    REQUIRE(tree.objects().find_child("l0") == &lamp);
    lamp.holder.clear();
    CHECK(tree.remove("l0").has_value());
    CHECK(tree.remove("l0").error() == Error{ErrorClass::GenericError, "object 'l0' not found"});
}

TEST_CASE("ObjectTree: removes by id only", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    REQUIRE(create_lamp(tree, "l0").has_value());
    const std::string name = GENERATE("nope", "/objects/l0", "", "type", "objects", "L0");
    CHECK(tree.remove(name).error().desc == "object '" + name + "' not found");
}

TEST_CASE("ObjectTree: destroys objects in reverse order", "[qom]") {
    std::string log;
    {
        ObjectTree tree;
        register_lamp(tree, &log);
        for (const char *id : {"a", "b", "c"})
            REQUIRE(create_lamp(tree, id).has_value());
        REQUIRE(tree.remove("b").has_value());
        CHECK(log == "b");
    }
    CHECK(log == "bca");
}

TEST_CASE("ObjectTree: finds objects by absolute and by partial paths", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    REQUIRE(create_lamp(tree, "l0").has_value());
    const std::string path =
        GENERATE("/objects/l0", "//objects///l0/", "l0", "objects/l0", "l0/", "objects//l0");
    auto found = tree.resolve(path);
    REQUIRE(found.has_value());
    CHECK((*found)->id() == "l0");
    CHECK(*tree.resolve("/") == &tree.root());
    CHECK(*tree.resolve("objects") == &tree.objects());
}

TEST_CASE("ObjectTree: says which path leads nowhere, and which to several", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    REQUIRE(create_lamp(tree, "objects").has_value());
    const std::string path =
        GENERATE("/l0", "/objects/l0", "nope", "objects/nope", "/objects/objects/objects");
    CHECK(tree.resolve(path).error() == Error{ErrorClass::DeviceNotFound, "Device '" + path + "' not found"});
    const std::string several = GENERATE("objects", "");
    CHECK(tree.resolve(several).error() ==
          Error{ErrorClass::GenericError, "Path '" + several + "' is ambiguous"});
}

TEST_CASE("ObjectTree: types derive from each other and implement interfaces", "[qom]") {
    ObjectTree tree;
    register_lamp(tree);
    const ObjectType &lamp = *tree.find_type("lamp");
    for (const char *ancestor : {"lamp", "furniture", "object", "user-creatable", "interface"})
        CHECK(tree.is_a(lamp, ancestor));
    CHECK_FALSE(tree.is_a(lamp, "container"));
    CHECK_FALSE(tree.is_a(*tree.find_type("furniture"), "lamp"));
    CHECK_FALSE(tree.is_a(*tree.find_type("user-creatable"), "object"));
    CHECK(tree.find_type("nope") == nullptr);
}
