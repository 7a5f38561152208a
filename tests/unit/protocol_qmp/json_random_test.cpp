// SPDX-License-Identifier: Apache-2.0
//
// What no table thinks of: random values go out and come back, random bytes do no harm. Seeds are fixed.
#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/utf8.hpp"

#include "json_reading.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <random>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

class Generator {
public:
    explicit Generator(std::uint32_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    Json value(int depth) {
        switch (below(depth > 0 ? 8 : 6)) {
        case 0:
            return nullptr;
        case 1:
            return below(2) == 0;
        case 2:
            return static_cast<std::int64_t>(random_() >> below(64));
        case 3:
            return random_() >> below(64);
        case 4:
            return real();
        case 5:
            return string();
        case 6: {
            Json array = Json::array();
            for (auto n = below(6); n > 0; --n)
                array.push_back(value(depth - 1));
            return array;
        }
        default: {
            Json object = Json::object();
            for (auto n = below(6); n > 0; --n)
                object[string()] = value(depth - 1);
            return object;
        }
        }
    }

    double real() {
        const auto number = std::bit_cast<double>(random_());
        return std::isfinite(number) ? number : static_cast<double>(below(1000)) / 8;
    }

    std::string string() {
        constexpr std::array<char32_t, 5> limits{0x20, 0x80, 0x800, 0x10000, 0x110000};
        std::string text;
        for (auto n = below(20); n > 0; --n) {
            const auto c = static_cast<char32_t>(below(limits[below(limits.size())]));
            if (is_json_character(c))
                append_utf8(text, c);
        }
        return text;
    }

    /// Bytes among which tokens are likely.
    std::string noise(std::size_t pieces) {
        constexpr std::array<std::string_view, 32> likely{
            "{",       "}",  "[",      "]",    ",",    ":",  "\"",  "'",        "\\",       "\\u",  "d83d",
            "\\ude00", "0",  "1",      "-",    ".",    "e",  "E+",  "true",     "null",     "nope", " ",
            "\n",      "\t", "\"a\":", "'b':", "\"\"", "{}", "[1,", "\xc3\xa9", "\xc0\x80", "\xff"};
        std::string bytes;
        for (; pieces > 0; --pieces) {
            if (below(16) == 0)
                bytes.push_back(static_cast<char>(below(256)));
            else
                bytes += likely[below(likely.size())];
        }
        return bytes;
    }

    std::vector<std::string_view> split(std::string_view text) {
        std::vector<std::string_view> chunks;
        while (!text.empty()) {
            chunks.push_back(text.substr(0, 1 + below(below(4) == 0 ? 200 : 4)));
            text.remove_prefix(chunks.back().size());
        }
        return chunks;
    }

private:
    std::mt19937_64 random_;
};

Json read_one(std::string_view text) {
    JsonReader reader;
    reader.feed(text);
    reader.feed("\n");
    auto message = reader.next();
    REQUIRE(message);
    REQUIRE(message->has_value());
    CHECK(!reader.next());
    return std::move(**message);
}

} // namespace

TEST_CASE("JSON: what is written is read back", "[json]") {
    Generator generator{20};
    for (int round = 0; round < 2000; ++round) {
        const Json value = generator.value(4);
        std::string text;
        write_json(text, value);
        INFO(text);
        REQUIRE(read_one(text) == value);
        std::string again;
        write_json(again, read_one(text));
        REQUIRE(again == text);
        std::string lines;
        write_json_indented(lines, text);
        REQUIRE(read_one(lines) == value);
    }
}

TEST_CASE("JSON: every finite double survives", "[json]") {
    Generator generator{21};
    for (int round = 0; round < 5000; ++round) {
        const double number = generator.real();
        std::string text;
        write_json(text, number);
        REQUIRE(read_one(text).get<double>() == number);
    }
}

TEST_CASE("JsonReader: random bytes do no harm, however they are split", "[json]") {
    for (std::uint32_t seed = 1; seed <= 400; ++seed) {
        INFO("seed " << seed);
        Generator generator{seed};
        const std::string bytes = generator.noise(200);
        const Lines whole = read_chunks({bytes});
        REQUIRE(read_chunks(generator.split(bytes)) == whole);
        REQUIRE(read_bytewise(bytes) == whole);
    }
}

TEST_CASE("JsonReader: 0xFF brings it back to a clean state from anywhere", "[json]") {
    for (std::uint32_t seed = 1; seed <= 400; ++seed) {
        INFO("seed " << seed);
        Generator generator{seed};
        const std::string bytes = generator.noise(50);
        const Lines before = read_chunks({bytes});
        const Lines after = read_chunks({bytes + "\xff{\"sync\":1}"});
        REQUIRE(!after.empty());
        CHECK(after.back() == R"({"sync": 1})");
        CHECK(after.size() <= before.size() + 3); // a number that it ended, its own error, the value
    }
}
