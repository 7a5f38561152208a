// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_writer.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace iothreadd;
using namespace std::string_literals;

namespace {

std::string text_of(const Json &value) {
    std::string out;
    write_json(out, value);
    return out;
}

std::string indented(std::string_view compact) {
    std::string out;
    write_json_indented(out, compact);
    return out;
}

} // namespace

TEST_CASE("JsonWriter: a blank after comma and colon, none inside brackets", "[json]") {
    CHECK(text_of(Json::object()) == "{}");
    CHECK(text_of(Json::array()) == "[]");
    CHECK(text_of({{"b", {1, 2, Json::array()}}, {"a", {{"x", nullptr}}}, {"c", true}, {"d", false}}) ==
          R"({"a": {"x": null}, "b": [1, 2, []], "c": true, "d": false})");
}

TEST_CASE("JsonWriter: appends", "[json]") {
    std::string out = "x";
    write_json(out, 1);
    write_json_string(out, "y");
    CHECK(out == "x1\"y\"");
}

TEST_CASE("JsonWriter: numbers", "[json]") {
    CHECK(text_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(text_of(0.1) == "0.10000000000000001");
    CHECK(text_of(100.0) == "100");
    CHECK(text_of(1e16) == "10000000000000000");
    CHECK(text_of(1e17) == "1e+17");
    CHECK(text_of(1e-5) == "1.0000000000000001e-05");
    CHECK(text_of(-0.0) == "-0");
    CHECK(text_of(-std::numeric_limits<double>::max()) == "-1.7976931348623157e+308");
    CHECK(text_of(-std::numeric_limits<double>::denorm_min()) == "-4.9406564584124654e-324");
}

TEST_CASE("JsonWriter: what is no number in JSON is null", "[json]") {
    CHECK(text_of(std::numeric_limits<double>::infinity()) == "null");
    CHECK(text_of(-std::numeric_limits<double>::infinity()) == "null");
    CHECK(text_of(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("JsonWriter: strings are ASCII with capital hex digits", "[json]") {
    CHECK(text_of("\"\\/\b\f\n\r\t") == R"("\"\\/\b\f\n\r\t")");
    CHECK(text_of("\x01\x1f\x7f") == R"("\u0001\u001F\u007F")");
    CHECK(text_of("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == R"("\u00E9 \u20AC \uD83D\uDE00")");
    CHECK(text_of("\xf4\x8f\xbf\xbd") == R"("\uDBFF\uDFFD")");
    CHECK(text_of("a\0b"s) == R"("a\u0000b")");
    CHECK(text_of("a\xc0\x80z") == R"("a\u0000z")");
    CHECK(text_of({{"\xc3\xa9\n", 1}}) == R"({"\u00E9\n": 1})");
}

TEST_CASE("JsonWriter: invalid UTF-8 becomes U+FFFD", "[json]") {
    CHECK(text_of("\xff") == R"("\uFFFD")");
    CHECK(text_of("\xff\xfe") == R"("\uFFFD\uFFFD")");
    CHECK(text_of("a\x80z") == R"("a\uFFFDz")");
    CHECK(text_of("a\xc3") == R"("a\uFFFD")");
    CHECK(text_of("\xe2\x82z") == R"("\uFFFDz")");
    CHECK(text_of("\xe2\x82\xc3\xa9") == R"("\uFFFD\u00E9")");
    CHECK(text_of("\xf0\x9f\x98") == R"("\uFFFD")");
    CHECK(text_of("\xed\xa0\x80z") == R"("\uFFFDz")");
    CHECK(text_of("\xc0\xafz") == R"("\uFFFDz")");
    CHECK(text_of("\xfc\x80\x80\x80\x80\x80z") == R"("\uFFFDz")");
    CHECK(text_of("\xf4\x90\x80\x80z") == R"("\uFFFDz")");
    CHECK(text_of("\xef\xbf\xbez") == R"("\uFFFDz")");
}

TEST_CASE("JsonWriter: indented, 4 blanks per level, CR LF at each line", "[json]") {
    CHECK(indented("1") == "1");
    CHECK(indented("[]") == "[\r\n]");
    CHECK(indented(R"({"return": {}, "id": []})") ==
          "{\r\n    \"return\": {\r\n    },\r\n    \"id\": [\r\n    ]\r\n}");
    CHECK(indented(R"([1, {"a": "x"}, [[true, null]]])") == "[\r\n"
                                                            "    1,\r\n"
                                                            "    {\r\n"
                                                            "        \"a\": \"x\"\r\n"
                                                            "    },\r\n"
                                                            "    [\r\n"
                                                            "        [\r\n"
                                                            "            true,\r\n"
                                                            "            null\r\n"
                                                            "        ]\r\n"
                                                            "    ]\r\n"
                                                            "]");
}

TEST_CASE("JsonWriter: the indentation stops growing, so that deep values stay small", "[json]") {
    constexpr std::size_t kDepth = 1024; // as deep as JsonReader reads
    constexpr std::size_t kElements = 1000;
    std::string compact(kDepth, '[');
    for (std::size_t i = 1; i < kElements; ++i)
        compact += "0, ";
    compact += "0" + std::string(kDepth, ']');
    const std::string lines = indented(compact);
    CHECK(lines.size() <= compact.size() + (2 * kDepth + kElements) * (2 + 4 * kMaxIndentedLevels));
    CHECK(lines.find(std::string(4 * kMaxIndentedLevels + 1, ' ')) == std::string::npos);
    CHECK(lines.find("\n" + std::string(4 * kMaxIndentedLevels, ' ') + "0,") != std::string::npos);
}

TEST_CASE("JsonWriter: indenting leaves strings alone", "[json]") {
    const std::string compact = R"(["{[, :]}", "\"{", "\\"])";
    CHECK(indented(compact) == "[\r\n    \"{[, :]}\",\r\n    \"\\\"{\",\r\n    \"\\\\\"\r\n]");
}
