// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_reader.hpp"

#include "json_reading.hpp"

using namespace iothreadd;
using namespace iothreadd::test;
using namespace std::string_literals;

namespace {

struct Sample {
    std::string input;
    Lines lines;
};

std::string error(const std::string &position, const std::string &text) {
    return "! " + position + ": JSON parse error, " + text;
}

/// One message, which is wrong, and the error for it.
struct Fault {
    std::string input, position, text;
};

} // namespace

TEST_CASE("JsonReader: reads values of every kind", "[json]") {
    const auto sample = GENERATE(values<Sample>({
        {"{}", {"{}"}},
        {"[]", {"[]"}},
        {R"({"a": [1, {"b": null}, [], {}], "c": true, "d": false})",
         {R"({"a": [1, {"b": null}, [], {}], "c": true, "d": false})"}},
        {"{'a':'b'}", {R"({"a": "b"})"}},
        {R"(['it\'s', "it\'s", 'say "x"', "it's"])", {R"(["it's", "it's", "say \"x\"", "it's"])"}},
        {" \t\r\n { \"a\" \n:\t1\r} \n", {R"({"a": 1})"}},
        {"{}{}[]", {"{}", "{}", "[]"}},
        {"1 'a' \"b\" true null [2]", {"1", R"("a")", R"("b")", "true", "null", "[2]"}},
        {"{\"\":1}", {R"({"": 1})"}},
        {"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", {"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]"}},
    }));
    INFO(sample.input);
    CHECK(read(sample.input) == sample.lines);
}

TEST_CASE("JsonReader: a number or word at the top waits for the byte that ends it", "[json]") {
    for (const std::string text : {"42", "-1.5e3", "true"}) {
        INFO(text);
        JsonReader reader;
        reader.feed(text);
        CHECK(!reader.next());
        CHECK(reader.half_read());
        reader.feed("\n");
        CHECK(reader.next());
        CHECK(!reader.next());
        CHECK(!reader.half_read());
    }
}

TEST_CASE("JsonReader: an object is there with its closing brace", "[json]") {
    JsonReader reader;
    reader.feed(R"({"a": [1)");
    CHECK(!reader.next());
    reader.feed("]");
    CHECK(!reader.next());
    CHECK(reader.half_read());
    reader.feed("}");
    CHECK(reader.next());
    CHECK(!reader.half_read());
}

TEST_CASE("JsonReader: knows whether a message has begun", "[json]") {
    for (const std::string text : {"", " \r\n\t", "{}", "[1] ", "\xff", "}", "{\"a\":\xff"}) {
        INFO(text);
        JsonReader reader;
        Lines lines;
        reader.feed(text);
        drain(reader, lines);
        CHECK(!reader.half_read());
    }
    for (const std::string text : {"{", "[1", "'x", "-", "{} [", "\xff[", "{\"a\":nan"}) {
        INFO(text);
        JsonReader reader;
        Lines lines;
        reader.feed(text);
        drain(reader, lines);
        CHECK(reader.half_read());
    }
}

TEST_CASE("JsonReader: no prefix of a command is a message", "[json]") {
    const std::string command =
        R"({"execute": 'object-add', "arguments": {"x": [-1.5e-3, 12, true, null, "\u00e9\ud83d\ude00 )"
        "\xc3\xa9"
        R"("]}, "id": {"a": []}})";
    for (std::size_t size = 0; size < command.size(); ++size) {
        INFO(size);
        CHECK(read_chunks({std::string_view{command}.substr(0, size)}).empty());
    }
    CHECK(read(command).size() == 1);
}

TEST_CASE("JsonReader: says what is wrong, and where", "[json]") {
    const auto fault = GENERATE(values<Fault>({
        {"{\"a\":}", "1:6", "expecting value"},
        {"[1,]", "1:4", "expecting value"},
        {"[,1]", "1:2", "expecting value"},
        {"}", "1:1", "expecting value"},
        {"]", "1:1", "expecting value"},
        {",", "1:1", "expecting value"},
        {":", "1:1", "expecting value"},
        {"[}", "1:2", "expecting value"},
        {"{]", "1:2", "expecting key"},
        {"{,}", "1:2", "expecting key"},
        {"{\"a\":1,}", "1:8", "expecting key"},
        {"{1:2}", "1:2", "expecting key"},
        {"{true:1}", "1:2", "expecting key"},
        {"{a:1}", "1:2", "expecting key"},
        {"{{}:1}", "1:2", "expecting key"},
        {"{\"a\"}", "1:5", "expecting ':'"},
        {"{\"a\" 1}", "1:6", "expecting ':'"},
        {"{\"a\",1}", "1:5", "expecting ':'"},
        {"{\"a\":1 \"b\":2}", "1:8", "expected ',' or '}'"},
        {"{\"a\":1a}", "1:7", "expected ',' or '}'"},
        {"{\"a\":0x10}", "1:7", "expected ',' or '}'"},
        {"{\"a\":0e1}", "1:7", "expected ',' or '}'"},
        {"{\"a\":{\"b\":1]}", "1:12", "expected ',' or '}'"},
        {"[1 2]", "1:4", "expected ',' or ']'"},
        {"[\"a\"\"b\"]", "1:5", "expected ',' or ']'"},
        {"[1:2]", "1:3", "expected ',' or ']'"},
        {"nope ", "1:1", "invalid keyword 'nope'"},
        {"[\n  undefined]", "2:3", "invalid keyword 'undefined'"},
        {"[tru]", "1:2", "invalid keyword 'tru'"},
        {"[nulll]", "1:2", "invalid keyword 'nulll'"},
        {"{\"a\":1,\"a\":2}", "1:12", "duplicate key"},
        {"{\"a\":1,'a':{\"b\":2}}", "1:18", "duplicate key"},
        {"{\"a\":1,\"\\u0061\":[]}", "1:18", "duplicate key"},
        {"[{\"x\":{\"a\":1,\"b\":2,\"a\":'z'}}]", "1:24", "duplicate key"},
        {"{\"a\":1,\"a\":nope}", "1:12", "invalid keyword 'nope'"},
    }));
    INFO(fault.input);
    const Lines lines = read(fault.input);
    REQUIRE(!lines.empty());
    CHECK(lines.front() == error(fault.position, fault.text));
}

TEST_CASE("JsonReader: what no token may have is stray", "[json]") {
    const auto fault = GENERATE(values<Fault>({
        {"\x0b", "1:1", R"(stray '\u000B')"},
        {"\x0c", "1:1", R"(stray '\f')"},
        {"A", "1:1", "stray 'A'"},
        {"%", "1:1", "stray '%'"},
        {"#", "1:1", "stray '#'"},
        {"/", "1:1", "stray '/'"},
        {"+", "1:1", "stray '+'"},
        {".", "1:1", "stray '.'"},
        {"\x7f", "1:1", R"(stray '\u007F')"},
        {"\xc3", "1:1", R"(stray '\uFFFD')"},
        {"\xef\xbb\xbf", "1:1", R"(stray '\uFFFD')"},
        {"\xff", "1:1", R"(stray '\uFFFD')"},
        {"\0"s, "1:1", "stray ''"},
        {"\"ab\0"s, "1:1", R"(stray '\"ab')"},
        {"\"ab\n", "1:1", R"(stray '\"ab\n')"},
        {"'ab\t", "1:1", R"(stray ''ab\t')"},
        {"'ab\xfe", "1:1", R"(stray ''ab\uFFFD')"},
        {"'\xc3\xa9\xff", "1:1", R"(stray ''\u00E9\uFFFD')"},
        {"'\\\n", "1:1", R"(stray ''\\\n')"},
        {"01", "1:1", "stray '01'"},
        {"-a", "1:1", "stray '-a'"},
        {"-.5", "1:1", "stray '-.'"},
        {"1.e5", "1:1", "stray '1.e'"},
        {"1ex", "1:1", "stray '1ex'"},
        {"1e+}", "1:1", "stray '1e+}'"},
        {"{\"id\":5.}", "1:7", "stray '5.}'"},
        {"[1,\n \"a\", -]", "2:7", "stray '-]'"},
        {"[NaN", "1:2", "stray 'N'"},
        {"{'a':1//x", "1:7", "stray '/'"},
        {"[1\xff", "1:3", R"(stray '\uFFFD')"},
        {"[nan\xff", "1:2", "invalid keyword 'nan'"}, // only the first error of a message is reported
    }));
    INFO(fault.input);
    const Lines lines = read(fault.input);
    REQUIRE(lines.size() == 1);
    std::string quoted;
    write_json_string(quoted, lines[0]);
    CHECK(quoted == "\"" + error(fault.position, fault.text) + "\"");
}

TEST_CASE("JsonReader: finds the way back after a lexical error", "[json]") {
    const auto stray = [](const std::string &position, const std::string &text) {
        return error(position, "stray '" + text + "'");
    };
    const auto value_at = [](const std::string &position) { return error(position, "expecting value"); };
    const auto sample = GENERATE_COPY(values<Sample>({
        // each 0xFF is one error and leaves a clean parser
        {"\xff\xff\xff{}", {stray("1:1", "\xff"), stray("1:2", "\xff"), stray("1:3", "\xff"), "{}"}},
        {"{\"execute\":\xff{\"execute\":'nope'}", {stray("1:12", "\xff"), R"({"execute": "nope"})"}},
        {"[[[\xff[1]", {stray("1:4", "\xff"), "[1]"}},
        // skipped: everything up to a control character or structure, quotes and TAB included
        {"[A b \"c\" 'd' \t 12\n[1]", {stray("1:2", "A"), "[1]"}},
        {"A\x01[1]", {stray("1:1", "A"), stray("1:2", "\x01"), "[1]"}},
        {"A]1 ", {stray("1:1", "A"), value_at("1:2"), "1"}},
        {"\"abc\n{}", {stray("1:1", "\"abc\n"), "{}"}},
        {"{\"a\":01}{}", {stray("1:6", "01"), value_at("1:8"), "{}"}},
        {"{\"id\":5.}{}", {stray("1:7", "5.}"), "{}"}},
        {"A\xfe\n{}", {stray("1:1", "A"), stray("1:2", "\xfe"), "{}"}},
        {"{\"execute\":NaN,\"id\":1}",
         {stray("1:12", "N"), value_at("1:15"), R"("id")", value_at("1:20"), "1", value_at("1:22")}},
        // positions go on
        {"A\nB\n\n [1,\n}", {stray("1:1", "A"), stray("2:1", "B"), value_at("5:1")}},
        {"'a\n  B\n  A", {stray("1:1", "'a\n"), stray("3:3", "A")}}, // the bad LF is used up
    }));
    INFO(sample.input);
    CHECK(read(sample.input) == sample.lines);
}

TEST_CASE("JsonReader: one error per message, then it waits for its end", "[json]") {
    const auto value_at = [](const std::string &position) { return error(position, "expecting value"); };
    const auto sample = GENERATE_COPY(values<Sample>({
        {"{\"a\":[}]{}", {value_at("1:7"), "{}"}},
        {"[,,,,{,}]1 ", {value_at("1:2"), "1"}},
        {"[1,]]2 ", {value_at("1:4"), value_at("1:5"), "2"}},
        {"{\"a\":{\"b\":1]}{}", {error("1:12", "expected ',' or '}'"), value_at("1:13"), "{}"}},
        {",:}]", {value_at("1:1"), value_at("1:2"), value_at("1:3"), value_at("1:4")}},
        {"{\"a\":nan,\"b\":NaN}", {error("1:6", "invalid keyword 'nan'"), value_at("1:17")}},
        {"{\"execute\":'nope',}\n{}", {error("1:19", "expecting key"), "{}"}},
        {"{}\n{\"execute\":}", {"{}", value_at("2:12")}},
    }));
    INFO(sample.input);
    CHECK(read(sample.input) == sample.lines);
}

TEST_CASE("JsonReader: a syntax error is reported at its token", "[json]") {
    JsonReader reader;
    reader.feed("{\"a\":[}");
    const auto message = reader.next();
    REQUIRE(message);
    CHECK(describe(*message) == error("1:7", "expecting value"));
    CHECK(reader.half_read());
    reader.feed(", 'x', \"\\q\", 01");
    CHECK(!reader.next());
}

TEST_CASE("JsonReader: an error text is cut to a bounded size", "[json]") {
    const std::string word(5000, 'x');
    const Lines keyword = read_chunks({word + "\n"});
    REQUIRE(keyword.size() == 1);
    CHECK(keyword[0] == error("1:1", ("invalid keyword '" + word).substr(0, 1023)));

    const Lines stray = read_chunks({"'" + word + "\n"});
    REQUIRE(stray.size() == 1);
    CHECK(stray[0] == error("1:1", ("stray ''" + word).substr(0, 1023)));
}

TEST_CASE("JsonReader: an error does not keep a later message from having its own", "[json]") {
    CHECK(read("[1 2] [3 4] [5]") ==
          Lines{error("1:4", "expected ',' or ']'"), error("1:10", "expected ',' or ']'"), "[5]"});
}
