// SPDX-License-Identifier: Apache-2.0
//
// Values that start as text: the key=value grammar and the conversions to what the schema wants.
#include "protocol/qmp/keyval.hpp"
#include "protocol/qmp/text_value.hpp"
#include "qapi_test/test_codec.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace iothreadd;
using namespace iothreadd::qapi;

namespace {

std::string keyval(std::string_view text, std::string_view implied_key = "") {
    const auto parsed = parse_keyval(text, implied_key);
    return parsed.has_error() ? parsed.error().desc : parsed->tree.dump() + (parsed->help ? " help" : "");
}

/// What decoding the key=value `text` as a T says.
template <class T>
std::string verdict(std::string_view text) {
    const auto parsed = parse_keyval(text, "");
    if (parsed.has_error())
        return parsed.error().desc;
    const auto result = decode_as<T>(parsed->tree, Input::text);
    return result.has_error() ? result.error().desc : encode(*result).dump();
}

struct Row {
    const char *text;
    const char *result;
};

} // namespace

TEST_CASE("keyval: items, commas and dots", "[qapi][keyval]") {
    const auto row = GENERATE(values<Row>({
        {"", "{}"},
        {"a=1", R"({"a":"1"})"},
        {"a=1,", R"({"a":"1"})"},
        {"a=", R"({"a":""})"},
        {"a=1,b=2", R"({"a":"1","b":"2"})"},
        {"a=1,a=2", R"({"a":"2"})"},
        {"a=x,,y", R"({"a":"x,y"})"},
        {"a=x,,", R"({"a":"x,"})"},
        {"a=,,,b=1", R"({"a":",","b":"1"})"},
        {"a= x =y", R"({"a":" x =y"})"},
        {"a.b=1,a.c=2", R"({"a":{"b":"1","c":"2"}})"},
        {"a.1=y,a.0=x", R"({"a":["x","y"]})"},
        {"a.0.b=1,a.1.b=2", R"({"a":[{"b":"1"},{"b":"2"}]})"},
        {"__com.example_a=1", R"({"__com.example_a":"1"})"},
        {"a_b-c9=1", R"({"a_b-c9":"1"})"},
    }));
    CHECK(keyval(row.text) == row.result);
}

TEST_CASE("keyval: what is refused names the key", "[qapi][keyval]") {
    const auto row = GENERATE(values<Row>({
        {"a", "Expected '=' after parameter 'a'"},
        {"a=1,readonly", "Expected '=' after parameter 'readonly'"},
        {"a=1,readonly,b=2", "Expected '=' after parameter 'readonly'"},
        {"a=1,read only", "Invalid parameter 'read only'"},
        {",", "Invalid parameter ''"},
        {"a=1,,b", R"({"a":"1,b"})"},
        {"file.=1", "Invalid parameter 'file.'"},
        {".file=1", "Invalid parameter '.file'"},
        {"a..b=1", "Invalid parameter 'a..b'"},
        {"=1", "Invalid parameter ''"},
        {"-a=1", "Invalid parameter '-a'"},
        {"a b=1", "Invalid parameter 'a b'"},
        {"a.1x=1", "Invalid parameter 'a.1x'"},
        {"0=x", "Invalid parameter '0'"},
        {"a.1=x", "Parameter 'a.0' missing"},
        {"a.0=x,a.2=y", "Parameter 'a.1' missing"},
        {"a.0=x,a.00=y", "Parameter 'a.1' missing"},
        {"a.0=x,a.b=y", "Parameters 'a.*' used inconsistently"},
        {"a=x,a.b=y", "Parameters 'a.*' used inconsistently"},
        {"a.b=x,a=y", "Parameters 'a.*' used inconsistently"},
        {"a.b.c=x,a.b=y", "Parameters 'a.b.*' used inconsistently"},
    }));
    CHECK(keyval(row.text) == row.result);
}

TEST_CASE("keyval: keys have a limit", "[qapi][keyval]") {
    const std::string longest(127, 'k');
    CHECK(keyval(longest + "=1") == R"({")" + longest + R"(":"1"})");
    CHECK(keyval(longest + "k=1") == "Parameter '" + longest + "k' is too long");
    CHECK(keyval("a." + longest + "k=1") == "Parameter fragment '" + longest + "k' is too long");
    std::string deep = "a";
    for (int level = 1; level < 64; ++level)
        deep += ".a";
    CHECK(keyval(deep + "=1").starts_with(R"({"a":{"a":)"));
    CHECK(keyval(deep + ".a=1") == "Parameter '" + deep + ".a' is too long");
}

TEST_CASE("keyval: the first item may be the value of the implied key", "[qapi][keyval]") {
    CHECK(keyval("file,a=1", "driver") == R"({"a":"1","driver":"file"})");
    CHECK(keyval("driver=file", "driver") == R"({"driver":"file"})");
    CHECK(keyval("a=1,file", "driver") == "Expected '=' after parameter 'file'");
    CHECK(keyval(",a=1", "driver") == "Invalid parameter ''");
    CHECK(keyval("a,,b=1", "driver") == "Invalid parameter ''"); // no escape in the short form
    CHECK(keyval("[x", "driver") == R"({"driver":"[x"})");
}

TEST_CASE("keyval: help may be asked for anywhere", "[qapi][keyval]") {
    CHECK(keyval("help", "type") == "{} help");
    CHECK(keyval("?", "") == "{} help");
    CHECK(keyval("iothread,help", "type") == R"({"type":"iothread"} help)");
    CHECK(keyval("a=help") == R"({"a":"help"})");
    CHECK(keyval("help=1") == R"({"help":"1"})");
}

TEST_CASE("keyval: every prefix of an option is parsed or refused", "[qapi][keyval]") {
    const std::string text = "file,a.0.b=1,,2,a.1.b=,c.d=x,help,__com.example_x=1,?";
    for (std::size_t length = 0; length <= text.size(); ++length)
        CHECK_FALSE(keyval(text.substr(0, length), "driver").empty());
}

TEST_CASE("text: booleans, integers and enums are converted", "[qapi][keyval]") {
    const auto row = GENERATE(values<Row>({
        {"i=42", R"({"i":42})"},
        {"i= -0x10", R"({"i":-16})"},
        {"i=010", R"({"i":8})"},
        {"i=+1", R"({"i":1})"},
        {"i=9223372036854775808", "Parameter 'i' expects integer"},
        {"i=", "Parameter 'i' expects integer"},
        {"i=1M", "Parameter 'i' expects integer"},
        {"i=1e3", "Parameter 'i' expects integer"},
        {"i=1 ", "Parameter 'i' expects integer"},
        {"u16=65536", "Parameter 'u16' expects uint16_t"},
        {"u16=x", "Parameter 'u16' expects integer"},
        {"u64=18446744073709551615", R"({"u64":18446744073709551615})"},
        {"u64=-1", R"({"u64":18446744073709551615})"},
        {"u64=1M", "Parameter 'u64' expects integer"},
        {"sz=4k", R"({"sz":4096})"},
        {"sz=4096x", "Parameter 'sz' expects size"},
        {"szs.0=1k,szs.1=2k", R"({"szs":[1024,2048]})"},
        {"szs.0=1k,szs.1=x", "Parameter 'szs.1' expects size"},
        {"szs=1k", "Invalid parameter type for 'szs', expected: array"},
        {"d=0.5", R"({"d":0.5})"},
        {"d=inf", "Parameter 'd' expects number"},
        {"i.x=1", "Parameters 'i.*' are unexpected"},
        {"nope=1", "Parameter 'nope' is unexpected"},
    }));
    CHECK(verdict<Integers>(row.text) == row.result);
}

TEST_CASE("text: booleans have eight spellings", "[qapi][keyval]") {
    for (const char *yes : {"on", "yes", "true", "y"})
        CHECK(verdict<Scalars>(std::string("s=,b=") + yes) == R"({"b":true,"s":""})");
    for (const char *no : {"off", "no", "false", "n"})
        CHECK(verdict<Scalars>(std::string("s=,b=") + no) == R"({"b":false,"s":""})");
    CHECK(verdict<Scalars>("s=,b=ON") == "Parameter 'b' expects 'on' or 'off'");
    CHECK(verdict<Scalars>("s=,b=") == "Parameter 'b' expects 'on' or 'off'");
    CHECK(verdict<Scalars>("s=,b=on,k=bogus") == "Parameter 'k' does not accept value 'bogus'");
    CHECK(verdict<Scalars>("s=,b=on,n=x") == "Invalid parameter type for 'n', expected: null");
    CHECK(verdict<Scalars>("s.x=,b=on") == "Parameters 's.*' are unexpected");
}

TEST_CASE("text: nested members and alternates", "[qapi][keyval]") {
    const std::string addr = "addr.type=circle,addr.radius=3,";
    CHECK(verdict<Server>(addr + "backlog=0x10,max.low=1,names.0=a,names.1=b") ==
          R"({"addr":{"radius":3,"type":"circle"},"backlog":16,"max":{"low":1},"names":["a","b"]})");
    CHECK(verdict<Server>("backlog=1") == "Parameter 'addr' is missing");
    CHECK(verdict<Server>("addr.type=circle") == "Parameter 'addr.radius' is missing");
    CHECK(verdict<Server>("addr=x") == "Invalid parameter type for 'addr', expected: object");
    CHECK(verdict<Server>(addr + "rate=4k") == R"({"addr":{"radius":3,"type":"circle"},"rate":4096})");
    CHECK(verdict<Server>(addr + "any-of=7") == R"({"addr":{"radius":3,"type":"circle"},"any-of":"7"})");
    CHECK(verdict<Server>(addr + "any-of.0=7") == R"({"addr":{"radius":3,"type":"circle"},"any-of":[7]})");
    CHECK(verdict<Server>(addr + "rate.x=1") ==
          "Invalid parameter type for 'rate', expected: NumberOrSwitch");
}

TEST_CASE("text: sizes", "[qapi][keyval]") {
    const auto size = [](const char *text) {
        std::uint64_t out = 77;
        return parse_size(text, out) ? std::to_string(out) : "no " + std::to_string(out);
    };
    CHECK(size("0") == "0");
    CHECK(size("010") == "10");
    CHECK(size(" +1") == "1");
    CHECK(size("0x1F") == "31");
    CHECK(size("512b") == "512");
    CHECK(size("1K") == "1024");
    CHECK(size("1m") == "1048576");
    CHECK(size("1.5G") == "1610612736");
    CHECK(size(".5k") == "512");
    CHECK(size("1.k") == "1024");
    CHECK(size("1.0") == "1");
    CHECK(size("0.0004883k") == "1");                   // 0.50002 bytes
    CHECK(size("0.0004882k") == "0");                   // 0.4999 bytes
    CHECK(size("0.00048828125k") == "1");               // exactly half a byte
    CHECK(size("15.99999999999999999999E") == "no 77"); // rounds to 2^64
    CHECK(size("15E") == "17293822569102704640");
    CHECK(size("18446744073709551615") == "18446744073709551615");
    for (const char *bad : {"",
                            " ",
                            "-1",
                            "-0",
                            "1 ",
                            "1KB",
                            "1KiB",
                            "1e3",
                            "0x1k",
                            "0x",
                            "0x1.8",
                            "1.5",
                            ".",
                            "k",
                            "1..k",
                            "inf",
                            "nan",
                            "16E",
                            "18446744073709551616",
                            "0x10000000000000000",
                            "1.5b",
                            "+"})
        CHECK(size(bad) == "no 77");
}

TEST_CASE("option JSON: one strict object", "[qapi][keyval]") {
    const auto parse = [](std::string_view text) {
        const auto parsed = parse_option_json(text);
        return parsed.has_error() ? parsed.error().desc : parsed->dump();
    };
    CHECK(parse(R"({"a": 1})") == R"({"a":1})");
    CHECK(parse(R"({"a": 1} )") == R"({"a":1})");
    CHECK(parse("{'a': 'b'}") == R"({"a":"b"})");
    CHECK(parse(R"({"a": 1)") == "1:8: JSON parse error, premature end of input");
    CHECK(parse("{\n\"a") == "2:3: JSON parse error, premature end of input");
    CHECK(parse(R"({"a": 1, "a": 2})").find("duplicate key") != std::string::npos);
    CHECK(parse("{} {}") == "Expecting at most one JSON value");
    CHECK(parse("{} x") == "Expecting at most one JSON value");
    CHECK(parse("{} [") == "Expecting at most one JSON value");
}
