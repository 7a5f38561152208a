// SPDX-License-Identifier: Apache-2.0
//
// Encoding: decoding what was encoded gives the same value back.
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "qapi_test/nodes_codec.hpp"
#include "qapi_test/test_codec.hpp"
#include "qapi_test/test_events.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace iothreadd;
using namespace iothreadd::qapi;

namespace {

template <class T>
void check_round_trip(const char *text) {
    const Json in = Json::parse(text);
    const auto value = decode_as<T>(in);
    INFO(text);
    REQUIRE(value.has_value());
    CHECK(encode(*value) == in);
    CHECK(Json::parse(encode_text(*value).text) == in);
}

/// Put a value of every JSON type in every place of `text`: it is decoded and survives a round trip, or
/// refused.
template <class T>
void check_every_wrong_value(const char *text) {
    const Json in = Json::parse(text);
    const Json places = in.flatten();
    for (const auto &[pointer, value] : places.items()) {
        for (const char *other :
             {"null", "true", "1", "-1", "1.5", "\"x\"", "[]", "[1]", "{}", "{\"x\": 1}"}) {
            Json changed = in;
            changed[Json::json_pointer(pointer)] = Json::parse(other);
            INFO(changed.dump());
            const auto decoded = decode_as<T>(changed);
            if (decoded.has_error()) {
                CHECK_FALSE(decoded.error().desc.empty());
                continue;
            }
            const auto again = decode_as<T>(encode(*decoded));
            REQUIRE(again.has_value());
            CHECK(encode(*again) == encode(*decoded));
            CHECK(Json::parse(encode_text(*decoded).text) == encode(*decoded));
        }
    }
}

/// The text of what `in` decodes to.
template <class T>
std::string text_of(const char *in) {
    const auto value = decode_as<T>(Json::parse(in));
    REQUIRE(value.has_value());
    return encode_text(*value).text;
}

class RecordingSink : public EventSink {
public:
    void emit(std::string_view name, std::optional<Json> data) override {
        names.emplace_back(name);
        all.push_back(std::move(data));
    }
    std::vector<std::string> names;
    std::vector<std::optional<Json>> all;
};

} // namespace

TEST_CASE("encode: text is in QMP's style, and has the members in the schema's order", "[qapi]") {
    CHECK(text_of<Integers>("{}") == "{}");
    CHECK(text_of<Bottom>(R"({"limits": {"high": 2, "low": 1}, "rank": 3, "id": "x\u0001\u00e4\""})") ==
          R"({"id": "x\u0001\u00E4\"", "rank": 3, "limits": {"low": 1, "high": 2}})");
    CHECK(text_of<Device>(R"({"type": "group", "reader": "2-tone", "id": "x", "children": []})") ==
          R"({"reader": "2-tone", "id": "x", "type": "group", "children": []})");
    CHECK(text_of<Anything>("[1]") == "[1]");
    CHECK(encode_text(Json::parse(R"([1,{"b":null}])")).text == R"([1, {"b": null}])");
    CHECK(text_of<Named>(R"("default")") == R"("default")");
    CHECK(encode_text(std::vector<std::vector<std::string>>{{"a", "b"}, {}}).text == R"([["a", "b"], []])");
    CHECK(encode_text(std::numeric_limits<double>::infinity()).text == "null");
    CHECK(encode_text(true).text == "true");
}

TEST_CASE("encode: gives back what was decoded", "[qapi]") {
    check_round_trip<Integers>("{}");
    check_round_trip<Integers>(R"({"i": -1, "i8": -128, "u64": 18446744073709551615, "szs": [], "d": 0.5})");
    check_round_trip<Scalars>(R"({"s": "\u0001x", "b": false, "n": null, "a": {"b": [null]}, "as": [1, "x"],
                                  "k": "2-tone", "ks": ["null-co"], "q": "qnull"})");
    check_round_trip<Bottom>(R"({"id": "x", "rank": 3, "limits": {"low": 1, "high": 2}})");
    check_round_trip<Device>(R"({"reader": "2-tone", "id": "x", "type": "group", "children": []})");
    check_round_trip<Device>(R"({"reader": "null-co", "id": "x"})");
    check_round_trip<Anything>("null");
    check_round_trip<Anything>("[1]");
    check_round_trip<Named>(R"("default")");
    check_round_trip<Tree>(
        R"({"name": "a", "left": {"name": "b"}, "more": [{"name": "c"}], "ref": {"name": "d"},
                               "shape": {"type": "circle", "radius": 1}})");
    check_round_trip<Node>(R"({"type": "pair", "tag": 1, "first": {"type": "leaf", "tag": 2},
                               "second": {"type": "leaf", "tag": 3}})");
}

TEST_CASE("decode: any value in any place is decoded or refused", "[qapi]") {
    check_every_wrong_value<Integers>(R"({"i": 1, "i8": 1, "u8": 1, "u64": 1, "sz": 1, "szs": [1], "d": 1})");
    check_every_wrong_value<Scalars>(
        R"({"s": "", "b": true, "n": null, "a": 1, "as": [1], "k": "plain", "ks": ["plain"], "q": "none"})");
    check_every_wrong_value<Device>(
        R"({"reader": "2-tone", "id": "x", "type": "group", "children": [{"type": "circle", "radius": 1}]})");
    check_every_wrong_value<Server>(
        R"({"addr": {"type": "circle", "radius": 1}, "max": {"low": 1}, "rate": 1, "any-of": {"low": 1}})");
    check_every_wrong_value<Tree>(
        R"({"name": "a", "left": {"name": "b"}, "more": [{"name": "c"}], "ref": "d"})");
}

TEST_CASE("encode: absent members are left out, empty lists are not", "[qapi]") {
    Scalars value;
    CHECK(encode(value) == Json::parse(R"({"s": "", "b": false})"));
    value.ks.emplace();
    value.a.emplace(nullptr);
    CHECK(encode(value) == Json::parse(R"({"s": "", "b": false, "ks": [], "a": null})"));
}

TEST_CASE("encode: a union's branch decides its discriminator", "[qapi]") {
    Device device;
    CHECK(device.reader() == Kind::plain);
    device.u.emplace<3>().low = 9;
    CHECK(encode(device) == Json::parse(R"({"reader": "default", "id": "", "low": 9})"));
}

TEST_CASE("encode: enums know their names both ways", "[qapi]") {
    CHECK(to_string(Kind::v2_tone) == "2-tone");
    CHECK(kind_from_string("default") == Kind::default_);
    CHECK_FALSE(kind_from_string("default_"));
    CHECK_FALSE(kind_from_string(""));
    CHECK_FALSE(nothing_from_string("x"));
    CHECK(kind_names.size() == 4);
}

TEST_CASE("encode: a Box that nobody looked at holds a value all the same", "[qapi]") {
    Tree tree;
    tree.left.emplace();
    CHECK(encode(tree) == Json::parse(R"({"name": "", "left": {"name": ""}})"));
    const Box<Tree> box;
    CHECK(box->name.empty());
    Box<Tree> moved = Box<Tree>(Tree{.name = "m"});
    CHECK(moved->name == "m");
}

TEST_CASE("emit: gives the sink the name and the data", "[qapi]") {
    RecordingSink sink;
    emit(sink, PlainEvent{});
    emit(sink, InlineEvent{});
    emit(sink, InlineEvent{.id = "x"});
    ByNameEvent by_name;
    by_name.data.id = "b";
    emit(sink, by_name);
    emit(sink, ByUnionEvent{});
    CHECK(sink.names == std::vector<std::string>{"PLAIN", "INLINE", "INLINE", "BY_NAME", "BY_UNION"});
    CHECK_FALSE(sink.all[0]);
    CHECK_FALSE(sink.all[1]); // every member is optional and absent
    CHECK(sink.all[2] == Json::parse(R"({"id": "x"})"));
    CHECK(sink.all[3] == Json::parse(R"({"id": "b", "rank": 0})"));
    CHECK(sink.all[4] == Json::parse(R"({"reader": "plain", "id": "", "low": 0})"));
}
