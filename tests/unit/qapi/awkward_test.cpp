// SPDX-License-Identifier: Apache-2.0
//
// Names that get in the way of C++ compile, and what they name travels; types that contain themselves too.
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "qapi_test/awkward_codec.hpp"
#include "qapi_test/awkward_events.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {

/// Decode, copy, move and encode.
template <class T>
void check_travels(const char *text) {
    const Json in = Json::parse(text);
    auto value = qapi::decode_as<T>(in);
    INFO(text);
    REQUIRE(value.has_value());
    T copy = *value;
    CHECK(qapi::encode(copy) == in);
    T moved{};
    moved = std::move(copy);
    CHECK(qapi::encode(moved) == in);
}

class Sink : public EventSink {
public:
    void emit(std::string_view name, std::optional<Json> data) override {
        name_ = name;
        data_ = std::move(data);
    }
    std::string name_{};
    std::optional<Json> data_{};
};

} // namespace

TEST_CASE("Awkward names: members keep their wire names", "[qapi]") {
    check_travels<qapi::Members>(R"({"operator": 1, "in": 2, "path": {"up": {}}, "size-t": 3, "htobe16": 4,
        "SYS_write": 5, "Path": {}, "Members": {"Box": {"box": {}, "empty": {}}}, "__com.example_q": "co-await",
        "x-": 6})");
}

TEST_CASE("Awkward names: enumerators keep their wire names", "[qapi]") {
    CHECK(qapi::to_string(qapi::Words::SYS_read_) == "SYS_read");
    CHECK(qapi::to_string(qapi::Words::x_y_v) == "__x.y_v");
    CHECK(qapi::words_from_string("3d") == qapi::Words::v3d);
    CHECK_FALSE(qapi::words_from_string("v3d"));
}

TEST_CASE("Awkward names: unions in unions, lists and boxes", "[qapi]") {
    check_travels<qapi::Case_>(R"({"std": "xor", "info": "x", "u8": []})");
    check_travels<qapi::Case_>(
        R"({"std": "3d", "index": "and", "more": {"bases": [{}]}, "derived": {}, "u8": [],
        "self": {"std": "on", "all": [{}, {"all": []}], "u8": [{"std": "NULL", "u8": []}]}})");
}

TEST_CASE("Awkward names: an alternate in lists of itself", "[qapi]") {
    check_travels<qapi::Json_>("[1, [], [[null]], {\"json\": [2]}]");
}

TEST_CASE("Awkward names: lists of every type", "[qapi]") {
    check_travels<qapi::Arrays>(
        R"({"a": [""], "b": [0.5], "c": [-128], "d": [65535], "e": [18446744073709551615],
        "f": [0], "g": [true, false], "h": [null], "i": [null, [], {}], "j": ["qnum"], "k": ["class", "u"]})");
}

TEST_CASE("Awkward names: events", "[qapi]") {
    Sink sink;
    qapi::emit(sink, qapi::XNullEvent{});
    CHECK(sink.name_ == "X-NULL");
    CHECK_FALSE(sink.data_);
    qapi::XYClassEvent event{};
    event.sink.u.emplace<0>();
    qapi::emit(sink, event);
    CHECK(sink.name_ == "__X.Y_CLASS");
    REQUIRE(sink.data_);
    CHECK(*sink.data_ == Json::parse(R"({"event": 0, "sink": {"std": "class", "u8": []}})"));
}
