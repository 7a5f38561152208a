// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_scalar.hpp"

#include "json_reading.hpp"

using namespace iothreadd;
using namespace iothreadd::test;
using namespace std::string_literals;

namespace {

struct Pair {
    std::string in, out;
};

/// What becomes of one value when a client gets it back.
std::string echo(const std::string &value) {
    const Lines lines = read("[" + value + "]");
    REQUIRE(lines.size() == 1);
    return lines[0].front() == '[' ? lines[0].substr(1, lines[0].size() - 2) : lines[0];
}

} // namespace

TEST_CASE("JSON numbers: integers keep their value, doubles 17 digits", "[json]") {
    const auto pair = GENERATE(values<Pair>({
        {"0", "0"},
        {"-0", "0"},
        {"7", "7"},
        {"-1", "-1"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9223372036854775808"},
        {"18446744073709551615", "18446744073709551615"},
        {"18446744073709551616", "1.8446744073709552e+19"},
        {"-9223372036854775809", "-9.2233720368547758e+18"},
        {"1.0", "1"},
        {"100.0", "100"},
        {"0.1", "0.10000000000000001"},
        {"0.0e1", "0"},
        {"1e-5", "1.0000000000000001e-05"},
        {"1E+2", "100"},
        {"1e16", "10000000000000000"},
        {"1e17", "1e+17"},
        {"1e-400", "0"},
        {"-1e-400", "-0"},
        {"4.9406564584124654e-324", "4.9406564584124654e-324"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"123456789.123456789", "123456789.12345679"},
        {"1e-99999999999999999999", "0"},
        {"0e-99999999999999999999", "! 1:3: JSON parse error, expected ',' or ']'"},
        {"0.0e99999999999999999999", "0"},
    }));
    INFO(pair.in);
    CHECK(echo(pair.in) == pair.out);
}

TEST_CASE("JSON numbers: too large for a double is refused, too small is zero", "[json]") {
    const auto text = GENERATE(as<std::string>{}, "1e400", "-1e400", "1e99999999999999999999", "1.8e308");
    CHECK(echo(text) == "! 1:2: JSON parse error, number '" + text + "' is too large");

    const std::string zeros(400, '0');
    CHECK(read_chunks({"1" + zeros + "\n"})[0] ==
          "! 1:1: JSON parse error, number '1" + zeros + "' is too large");
    CHECK(read_chunks({"1" + zeros + "e-400\n"})[0] == "1");
    CHECK(read_chunks({"0." + zeros + "1e401\n"})[0] == "1");
    CHECK(read_chunks({"0." + zeros + "1\n"})[0] == "0");
    CHECK(read_chunks({"0." + zeros + "1e10\n"})[0] == "0");
    CHECK(read_chunks({"1" + zeros + "e-10\n"})[0].starts_with("! 1:1: "));
}

TEST_CASE("JSON numbers: have the type that fits", "[json]") {
    CHECK(decode_json_integer("-0")->is_number_integer());
    CHECK(!decode_json_integer("9223372036854775807")->is_number_unsigned());
    CHECK(decode_json_integer("9223372036854775808")->is_number_unsigned());
    CHECK(decode_json_integer("18446744073709551616")->is_number_float());
    CHECK(decode_json_floating("1.0")->is_number_float());
    CHECK(decode_json_floating("1e3")->is_number_float());
}

TEST_CASE("JSON strings: escapes", "[json]") {
    const auto pair = GENERATE(values<Pair>({
        {R"("\"\'\\\/\b\f\n\r\t")", R"("\"'\\/\b\f\n\r\t")"},
        {R"('\"\'')", R"("\"'")"},
        {R"("\u20ac")", R"("\u20AC")"},
        {R"("\u20AC")", R"("\u20AC")"},
        {"\"\xe2\x82\xac\"", R"("\u20AC")"},
        {R"("\ud83d\ude00")", R"("\uD83D\uDE00")"},
        {"\"\xf0\x9f\x98\x80\"", R"("\uD83D\uDE00")"},
        {R"("a\u0000b")", R"("a\u0000b")"},
        {"\"a\xc0\x80z\"", R"("a\u0000z")"},
        {R"("\u0001\u001f\u0041")", R"("\u0001\u001FA")"},
        {"\"\x7f\"", R"("\u007F")"},
        {R"("\u007f\ufeff\ufffd")", R"("\u007F\uFEFF\uFFFD")"},
        {"\"\xef\xbb\xbf\xef\xbf\xbd\"", R"("\uFEFF\uFFFD")"},
        {"\"\xf4\x8f\xbf\xbd\"", R"("\uDBFF\uDFFD")"},
        {R"("\udbff\udffd")", R"("\uDBFF\uDFFD")"},
        {"'100%s %n'", R"("100%s %n")"},
        {"'/'", R"("/")"},
        {"''", R"("")"},
        {"\"plain text that is longer than one machine word\"",
         "\"plain text that is longer than one machine word\""},
        {"\"a word and a half, caf\xc3\xa9, and more\"", R"("a word and a half, caf\u00E9, and more")"},
    }));
    INFO(pair.in);
    CHECK(echo(pair.in) == pair.out);
}

TEST_CASE("JSON strings: what is refused", "[json]") {
    const std::string utf8 = "invalid UTF-8 sequence in string";
    const std::string escape = "invalid escape sequence in string";
    const auto character = [](const std::string &quoted) {
        return quoted + " is not a valid Unicode character";
    };
    const auto pair = GENERATE_COPY(values<Pair>({
        {R"("\a")", escape},
        {R"("\x41")", escape},
        {R"("\v")", escape},
        {R"("\0")", escape},
        {R"("\U0041")", escape},
        {R"("\ ")", escape},
        {"\"\\\xc3\xa9\"", escape},
        {R"("\u12")", character(R"(\u12")")},
        {R"("\u")", character(R"(\u")")},
        {R"('\u12g4')", character(R"(\u12g4)")},
        {R"("\u 123")", character(R"(\u 123)")},
        {R"("\u-123")", character(R"(\u-123)")},
        {R"("\u0x12")", character(R"(\u0x12)")},
        {R"("ab\ud83d")", character(R"(\ud83d)")},
        {R"("\ud83dx\ude00")", character(R"(\ud83d)")},
        {R"("\ud83d\u0041")", character(R"(\ud83d)")},
        {R"("\ud83d\ud83d")", character(R"(\ud83d)")},
        {R"("\ud83d\n")", character(R"(\ud83d)")},
        {R"("\ud83d\ude0")", character(R"(\ud83d)")},
        {R"("\ude00")", character(R"(\ude00)")},
        {R"("\ude00\ud83d")", character(R"(\ude00)")},
        {R"("\ufffe")", character(R"(\ufffe)")},
        {R"("\uffff")", character(R"(\uffff)")},
        {R"("\ufdd0")", character(R"(\ufdd0)")},
        {R"("\uFDEF")", character(R"(\uFDEF)")},
        {R"("\ud83f\udffe")", character(R"(\ud83f)")},
        {"\"\x80\"", utf8},             // stray continuation
        {"\"\xc3\"", utf8},             // cut by the quote
        {"\"\xe2\x82\"", utf8},         //
        {"\"\xe2\x82x\"", utf8},        // cut by something else
        {"\"\xc0\xaf\"", utf8},         // overlong forms
        {"\"\xc1\xbf\"", utf8},         //
        {"\"\xe0\x80\x80\"", utf8},     //
        {"\"\xe0\x9f\xbf\"", utf8},     //
        {"\"\xf0\x80\x80\x80\"", utf8}, //
        {"\"\xf0\x8f\xbf\xbd\"", utf8}, //
        {"\"\xed\xa0\x80\"", utf8},     // surrogates
        {"\"\xed\xa0\xbd\xed\xb8\x80\"", utf8},
        {"\"\xf4\x90\x80\x80\"", utf8},     // past U+10FFFF
        {"\"\xf8\x88\x80\x80\x80\"", utf8}, //
        {"\"\xef\xb7\x90\"", utf8},         // noncharacters
        {"\"\xef\xbf\xbe\"", utf8},         //
        {"\"\xf0\x9f\xbf\xbf\"", utf8},     //
        {"\"\xf4\x8f\xbf\xbf\"", utf8},     //
        {"\"\\q \x80\"", escape},           // from left to right
        {"\"\x80 \\q\"", utf8},
    }));
    INFO(pair.in);
    CHECK(echo(pair.in) == "! 1:2: JSON parse error, " + pair.out);
    CHECK(read_chunks({"{" + pair.in + ":1}"})[0] == "! 1:2: JSON parse error, " + pair.out);
}

TEST_CASE("JSON strings: a client cannot smuggle in a NUL byte", "[json]") {
    for (const std::string &token : {R"("a\u0000b")"s, "\"a\xc0\x80z\""s}) {
        const auto content = decode_json_string(token);
        REQUIRE(content.has_value());
        CHECK(content->find('\0') == std::string::npos);
        CHECK(content->substr(0, 3) == "a\xc0\x80");
    }
}

TEST_CASE("JSON strings: contents matter only where a string may be", "[json]") {
    CHECK(read(R"(["a" "\q"])") == Lines{"! 1:6: JSON parse error, expected ',' or ']'"});
    CHECK(read("\"\\q\xff") == Lines{"! 1:1: JSON parse error, stray '\"\\q\xff'"});
    CHECK(read(R"({"a" "\q"})") == Lines{"! 1:6: JSON parse error, expecting ':'"});
}

TEST_CASE("Result: a Json is its value, whatever a Json may convert to", "[json]") {
    const Result<Json> value = Json(3);
    REQUIRE(value.has_value());
    CHECK(*value == 3);
}
