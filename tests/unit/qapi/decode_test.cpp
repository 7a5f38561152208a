// SPDX-License-Identifier: Apache-2.0
//
// Strict decoding of JSON: what is accepted, and the exact text of each refusal.
#include "protocol/qmp/codec.hpp"
#include "qapi_test/nodes_codec.hpp"
#include "qapi_test/test_codec.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace iothreadd;
using namespace iothreadd::qapi;

namespace {

/// What decoding `text` as a T says: the error, or "ok".
template <class T>
std::string verdict(const char *text) {
    const auto result = decode_as<T>(Json::parse(text));
    return result.has_error() ? result.error().desc : "ok";
}

struct Row {
    const char *text;
    const char *verdict;
};

} // namespace

TEST_CASE("decode: integers are what is spelled as one and fits", "[qapi]") {
    const auto row = GENERATE(values<Row>({
        {R"({})", "ok"},
        {R"({"i": 0, "i64": -9223372036854775808})", "ok"},
        {R"({"i": 9223372036854775807})", "ok"},
        {R"({"i": 9223372036854775808})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i": 1.0})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i": 1e2})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i": "5"})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i": true})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i": null})", "Invalid parameter type for 'i', expected: integer"},
        {R"({"i8": 127})", "ok"},
        {R"({"i8": 128})", "Parameter 'i8' expects int8_t"},
        {R"({"i8": -129})", "Parameter 'i8' expects int8_t"},
        {R"({"i8": "x"})", "Invalid parameter type for 'i8', expected: integer"},
        {R"({"i16": 32768})", "Parameter 'i16' expects int16_t"},
        {R"({"i32": -2147483649})", "Parameter 'i32' expects int32_t"},
        {R"({"i32": -2147483648})", "ok"},
        {R"({"u8": 255})", "ok"},
        {R"({"u8": 256})", "Parameter 'u8' expects uint8_t"},
        {R"({"u8": -1})", "Parameter 'u8' expects uint8_t"},
        {R"({"u8": 1.5})", "Parameter 'u8' expects uint64"},
        {R"({"u16": 65536})", "Parameter 'u16' expects uint16_t"},
        {R"({"u32": 4294967296})", "Parameter 'u32' expects uint32_t"},
        {R"({"u32": "x"})", "Parameter 'u32' expects uint64"},
        {R"({"u64": 18446744073709551615})", "ok"},
        {R"({"u64": 18446744073709551616})", "Parameter 'u64' expects uint64"},
        {R"({"u64": "1"})", "Parameter 'u64' expects uint64"},
        {R"({"sz": "1M"})", "Parameter 'sz' expects uint64"},
        {R"({"szs": [1, "2"]})", "Parameter 'szs[1]' expects uint64"},
        {R"({"d": 3})", "ok"},
        {R"({"d": 3.5})", "ok"},
        {R"({"d": "3"})", "Invalid parameter type for 'd', expected: number"},
    }));
    CHECK(verdict<Integers>(row.text) == row.verdict);
}

TEST_CASE("decode: a negative number for a 64-bit unsigned member wraps", "[qapi]") {
    const auto result = decode_as<Integers>(Json::parse(R"({"u64": -1, "sz": -9223372036854775808})"));
    REQUIRE(result.has_value());
    CHECK(result->u64 == std::numeric_limits<std::uint64_t>::max());
    CHECK(result->sz == 1ULL << 63);
}

TEST_CASE("decode: other types are not converted into each other", "[qapi]") {
    const auto row = GENERATE(values<Row>({
        {R"({"s": "", "b": true})", "ok"},
        {R"({"s": 1, "b": true})", "Invalid parameter type for 's', expected: string"},
        {R"({"s": "a\u0000b", "b": true})", "Parameter 's' expects a string without NUL characters"},
        {R"({"s": null, "b": true})", "Invalid parameter type for 's', expected: string"},
        {R"({"s": "", "b": 1})", "Invalid parameter type for 'b', expected: boolean"},
        {R"({"s": "", "b": "on"})", "Invalid parameter type for 'b', expected: boolean"},
        {R"({"s": "", "b": true, "n": null})", "ok"},
        {R"({"s": "", "b": true, "n": 0})", "Invalid parameter type for 'n', expected: null"},
        {R"({"s": "", "b": true, "a": {"x": [1, null]}})", "ok"},
        {R"({"s": "", "b": true, "as": {}})", "Invalid parameter type for 'as', expected: array"},
        {R"({"s": "", "b": true, "k": "plain"})", "ok"},
        {R"({"s": "", "b": true, "k": "Plain"})", "Parameter 'k' does not accept value 'Plain'"},
        {R"({"s": "", "b": true, "k": "hidden"})", "Parameter 'k' does not accept value 'hidden'"},
        {R"({"s": "", "b": true, "k": 1})", "Invalid parameter type for 'k', expected: string"},
        {R"({"s": "", "b": true, "ks": ["plain", "x"]})", "Parameter 'null' does not accept value 'x'"},
        {R"({"s": "", "b": true, "ks": ["plain", 1]})",
         "Invalid parameter type for 'ks[1]', expected: string"},
        {R"({"s": "", "b": true, "q": "qdict"})", "ok"},
        {R"({"s": "", "b": true, "gone": 1})", "Parameter 'gone' is unexpected"},
    }));
    CHECK(verdict<Scalars>(row.text) == row.verdict);
}

TEST_CASE("decode: null is a value for any and null, and not the same as absent", "[qapi]") {
    const auto result = decode_as<Scalars>(Json::parse(R"({"s": "", "b": false, "n": null, "a": null})"));
    REQUIRE(result.has_value());
    CHECK(result->n.has_value());
    REQUIRE(result->a.has_value());
    CHECK(result->a->is_null());
    CHECK_FALSE(result->as.has_value());
}

TEST_CASE("decode: members go in schema order, base first, unknown ones last", "[qapi]") {
    const auto row = GENERATE(values<Row>({
        {R"({"id": "x", "rank": 1})", "ok"},
        {R"([])", "Invalid parameter type for '', expected: object"},
        {R"({})", "Parameter 'id' is missing"},
        {R"({"id": "x"})", "Parameter 'rank' is missing"},
        {R"({"id": 1})", "Invalid parameter type for 'id', expected: string"},
        {R"({"id": "x", "nope": 1})", "Parameter 'rank' is missing"},
        {R"({"id": "x", "rank": "1", "nope": 1})", "Invalid parameter type for 'rank', expected: integer"},
        {R"({"id": "x", "rank": 1, "nope": 1})", "Parameter 'nope' is unexpected"},
        {R"({"id": "x", "rank": 1, "Id": 1})", "Parameter 'Id' is unexpected"},
        {R"({"id": "x", "rank": 1, "limits": {"low": 1, "nope": 1}, "zap": 1})",
         "Parameter 'limits.nope' is unexpected"},
        {R"({"id": "x", "rank": 1, "limits": {}})", "Parameter 'limits.low' is missing"},
        {R"({"id": "x", "rank": 1, "limits": 1})", "Invalid parameter type for 'limits', expected: object"},
        {R"({"id": "x", "rank": 1, "limits": {"low": 256}})", "Parameter 'low' expects uint8_t"},
    }));
    CHECK(verdict<Bottom>(row.text) == row.verdict);
}

TEST_CASE("decode: a union has its common members and those of one branch", "[qapi]") {
    const auto row = GENERATE(values<Row>({
        {R"({"reader": "null-co", "id": "x"})", "ok"},
        {R"({"reader": "plain", "id": "x", "low": 1})", "ok"},
        {R"({"id": "x"})", "Parameter 'reader' is missing"},
        {R"({"reader": "nope"})", "Parameter 'reader' does not accept value 'nope'"},
        {R"({"reader": "hidden", "id": "x", "low": 1})", "Parameter 'reader' does not accept value 'hidden'"},
        {R"({"reader": "plain"})", "Parameter 'id' is missing"},
        {R"({"reader": "plain", "id": "x"})", "Parameter 'low' is missing"},
        {R"({"reader": "null-co", "id": "x", "low": 1})", "Parameter 'low' is unexpected"},
        {R"({"reader": "2-tone", "id": "x"})", "Parameter 'type' is missing"},
        {R"({"reader": "2-tone", "id": "x", "type": "circle", "radius": 1})", "ok"},
        {R"({"reader": "2-tone", "id": "x", "type": "circle", "radius": 1, "low": 1})",
         "Parameter 'low' is unexpected"},
        {R"({"reader": "2-tone", "id": "x", "type": "group", "children": [{"type": "circle"}]})",
         "Parameter 'children[0].radius' is missing"},
    }));
    CHECK(verdict<Device>(row.text) == row.verdict);
}

TEST_CASE("decode: the discriminator is the tag of the branch", "[qapi]") {
    const auto plain = decode_as<Device>(Json::parse(R"({"reader": "default", "id": "d", "low": 7})"));
    REQUIRE(plain.has_value());
    CHECK(plain->reader() == Kind::default_);
    CHECK(plain->id == "d");
    CHECK(std::get<3>(plain->u).low == 7);

    const auto nested =
        decode_as<Device>(Json::parse(R"({"reader": "2-tone", "id": "d", "type": "circle", "radius": 5})"));
    REQUIRE(nested.has_value());
    CHECK(std::get<2>(nested->u).type() == ShapeKind::circle);
    CHECK(std::get<0>(std::get<2>(nested->u).u).radius == 5);

    const auto inherited = decode_as<FromStruct>(Json::parse(R"({"kind": "plain", "id": "f", "low": 1})"));
    REQUIRE(inherited.has_value());
    CHECK(inherited->kind() == Kind::plain);
}

TEST_CASE("decode: the JSON type picks the branch of an alternate", "[qapi]") {
    const auto index = [](const char *text) { return decode_as<Anything>(Json::parse(text))->u.index(); };
    CHECK(index(R"("x")") == 0);
    CHECK(index("null") == 1);
    CHECK(index(R"({"low": 1})") == 2);
    CHECK(index("[1, 2]") == 3);
    CHECK(verdict<Server>(R"({"addr": {"type": "circle", "radius": 1}, "any-of": true})") ==
          "Invalid parameter type for 'any-of', expected: Anything");
    CHECK(verdict<Server>(R"({"addr": {"type": "circle", "radius": 1}, "any-of": [1, "x"]})") ==
          "Invalid parameter type for 'any-of[1]', expected: integer");
    CHECK(verdict<Server>(R"({"addr": {"type": "circle", "radius": 1}, "any-of": {}})") ==
          "Parameter 'any-of.low' is missing");
    CHECK(verdict<NumberOrSwitch>("1.5") == "Parameter '' expects uint64");
    CHECK(decode_as<Named>(Json("2-tone"))->u.index() == 0);
    CHECK(decode_as<Named>(Json(true))->u.index() == 1);
}

TEST_CASE("decode: a type may contain itself, by value, list or alternate", "[qapi]") {
    const auto tree = decode_as<Tree>(Json::parse(
        R"({"name": "a", "left": {"name": "b", "right": {"name": "c"}}, "more": [{"name": "d"}],
            "ref": {"name": "e", "ref": "f"},
            "shape": {"type": "group", "children": [], "root": {"name": "g"}}})"));
    REQUIRE(tree.has_value());
    CHECK((*tree->left)->right.value()->name == "c");
    CHECK(tree->more->front().name == "d");
    const Tree copy = *tree;
    CHECK((*copy.left)->name == "b");
    CHECK(&**copy.left != &**tree->left);
    CHECK(verdict<Tree>(R"({"name": "a", "left": {"name": "b", "right": {}}})") ==
          "Parameter 'left.right.name' is missing");
    CHECK(verdict<Node>(R"({"type": "pair", "tag": 1, "first": {"type": "leaf", "tag": 2},
                            "second": {"type": "leaf"}})") == "Parameter 'second.tag' is missing");
}

TEST_CASE("decode: names that mean something in C++ are only names", "[qapi]") {
    const auto result = decode_as<Awkward>(Json::parse(
        R"({"class": 1, "unix": 2, "int": 3, "std": "4", "Limits": {"low": 5}, "other": {"low": 6}, "Json": "7",
            "EOF": 8, "reader": 9, "out": 10, "value": 11, "writer": 12, "size": 13, "__com.example_x-y": 14})"));
    REQUIRE(result.has_value());
    CHECK(result->class_ == 1);
    CHECK(result->unix_ == 2);
    CHECK(result->Limits_.low == 5);
    CHECK(result->com_example_x_y == 14);
}
