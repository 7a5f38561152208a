// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/json_reader.hpp"

#include "json_reading.hpp"

#include <algorithm>
#include <ctime>
#include <limits>

using namespace iothreadd;
using namespace iothreadd::test;
using namespace std::string_literals;

namespace {

constexpr std::size_t kMaxBytes = JsonReader::kMaxTokenBytes;
constexpr std::size_t kReadBytes = 65536; ///< what a socket gives at once

const Lines kTooDeep{"! JSON nesting depth limit exceeded"};
const Lines kTooManyTokens{"! JSON token count limit exceeded"};
const Lines kTooLarge{"! JSON token size limit exceeded"};

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    while (times-- > 0)
        out += text;
    return out;
}

/// Feed `text` in pieces of `piece` bytes to `reader`.
Lines read_pieces(JsonReader &reader, std::string_view text, std::size_t piece) {
    Lines lines;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        reader.feed(text.substr(0, piece));
        drain(reader, lines);
    }
    return lines;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// CPU time of `work`: the best of a few, because others use the machine too.
template <class Work>
double cost(Work &&work) {
    double best = std::numeric_limits<double>::max();
    for (int round = 0; round < 3; ++round) {
        const double start = cpu_seconds();
        work();
        best = std::min(best, cpu_seconds() - start);
    }
    return best;
}

/// How much more four times as much costs: about 4, or 16 if something is quadratic.
template <class Work>
double growth(std::size_t size, Work &&work) {
    return cost([&] { work(4 * size); }) / cost([&] { work(size); });
}

constexpr double kLinear = 10;

} // namespace

TEST_CASE("JsonReader limits: nesting of 1024, braces plus brackets", "[json][limits]") {
    const std::string objects = repeat("{\"a\":", 512);
    JsonReader reader;
    CHECK(read_pieces(reader, repeat("[", 1024) + repeat("]", 1024), kReadBytes).size() == 1);
    CHECK(read_pieces(reader, objects + repeat("[", 512) + repeat("]", 512) + repeat("}", 512), 1).size() ==
          1);

    SECTION("one more is an error at once, and the rest of the message is ignored") {
        CHECK(read_pieces(reader, repeat("[", 1024), 1).empty());
        CHECK(read_pieces(reader, "[", 1) == kTooDeep);
        CHECK(read_pieces(reader, repeat("[]", 5000) + "nope", 7).empty());
        CHECK(read_pieces(reader, "\xff[2]", 1) == Lines{"[2]"});
    }
    SECTION("the message ends where its brackets say, and the next one is read") {
        CHECK(read_pieces(reader, repeat("[", 3000) + repeat("]", 3000) + "[2]", 100) ==
              Lines{kTooDeep[0], "[2]"});
    }
    SECTION("mixed") {
        CHECK(read_pieces(reader, objects + repeat("[", 513) + repeat("]", 513) + repeat("}", 512) + "{}",
                          9) == Lines{kTooDeep[0], "{}"});
    }
}

TEST_CASE("JsonReader limits: 2097152 tokens are fine", "[json][limits]") {
    JsonReader reader;
    reader.feed("[[]" + repeat(",0", 1048574) + "]");
    const auto message = reader.next();
    REQUIRE(message);
    REQUIRE(message->has_value());
    CHECK((*message)->size() == 1048575);
}

TEST_CASE("JsonReader limits: one token more is not", "[json][limits]") {
    JsonReader reader;
    CHECK(read_pieces(reader, "[[],[]" + repeat(",0", 1048573), kReadBytes).empty());
    CHECK(read_pieces(reader, "]{}", kReadBytes) == Lines{kTooManyTokens[0], "{}"});
}

TEST_CASE("JsonReader limits: the tokens of a message stay below 16 MiB", "[json][limits]") {
    // brackets and quotes count, white space does not
    const auto message = [](std::size_t bytes) { return "[ \"" + std::string(bytes - 4, 'x') + "\" ]\n"; };
    JsonReader reader;
    SECTION("in one token, or nearly") {
        CHECK(read_pieces(reader, message(kMaxBytes - 1), kReadBytes).size() == 1);
        CHECK(read_pieces(reader, message(kMaxBytes) + "{}", kReadBytes) == Lines{kTooLarge[0], "{}"});
    }
    SECTION("the error does not wait for the end of the token") {
        CHECK(read_pieces(reader, "[\"" + std::string(kMaxBytes - 2, 'x'), kReadBytes) == kTooLarge);
        CHECK(reader.half_read());
        CHECK(read_pieces(reader, std::string(kMaxBytes, 'x'), kReadBytes).empty());
        CHECK(read_pieces(reader, "\\\"]\"]{}", 1) == Lines{"{}"});
    }
    SECTION("a token that will not end well is too large first") {
        CHECK(read_pieces(reader, "\"" + std::string(kMaxBytes, 'x') + "\xff{}", kReadBytes) ==
              Lines{kTooLarge[0], "{}"});
        CHECK(read_pieces(reader, "\"" + std::string(kMaxBytes, 'x') + "\xff{}", 2 * kMaxBytes) ==
              Lines{kTooLarge[0], "{}"});
    }
    SECTION("numbers and words count as well") {
        CHECK(read_pieces(reader, std::string(kMaxBytes, '7') + "\n", kReadBytes) == kTooLarge);
        CHECK(read_pieces(reader, std::string(kMaxBytes, 'x') + "\n", kReadBytes) == kTooLarge);
    }
    SECTION("columns go on through what was not kept") {
        const Lines lines =
            read_pieces(reader, "\n\"" + std::string(kMaxBytes, 'x') + "\" nope ", kReadBytes);
        REQUIRE(lines.size() == 2);
        CHECK(lines[1] == "! 2:16777220: JSON parse error, invalid keyword 'nope'");
    }
}

TEST_CASE("JsonReader limits: many small tokens count together", "[json][limits]") {
    JsonReader reader;
    const std::string many = repeat("\"" + std::string(300, 'x') + "\",", kMaxBytes / 303 + 1);
    CHECK(read_pieces(reader, "[" + many + "0]{}", kReadBytes) == Lines{kTooLarge[0], "{}"});
}

TEST_CASE("JsonReader limits: each message has its own", "[json][limits]") {
    JsonReader reader;
    const std::string message = "[\"" + std::string(kMaxBytes / 3, 'x') + "\"]";
    CHECK(read_pieces(reader, message + message + message + message, kReadBytes).size() == 4);
}

TEST_CASE("JsonReader: the work grows with the bytes, not with their square", "[json][limits]") {
    struct Text {
        std::string begin, unit, end;
        std::size_t units, piece;
    };
    const auto text = GENERATE(values<Text>({
        {"", "7", "\n", 30000, 1},
        {"", "a", "\n", 30000, 1},
        {"'", "x", "'", 30000, 1},
        {"'", "\\u00e9", "'", 5000, 1},
        {"%", "x", "\n", 30000, 1},
        {"[1", ",1", "]", 5000, 1},
        {"", "[]", "", 5000, 1000000},
    }));
    INFO(text.begin << text.unit << text.end);
    CHECK(growth(text.units, [&](std::size_t units) {
              JsonReader reader;
              CHECK(
                  !read_pieces(reader, text.begin + repeat(text.unit, units) + text.end, text.piece).empty());
          }) < kLinear);
}

TEST_CASE("JsonReader: a backlog is not moved for each message", "[json][limits]") {
    const auto work = [](std::size_t messages) {
        JsonReader reader;
        reader.feed(repeat("{}", messages));
        for (std::size_t i = 0; i < messages; ++i) {
            REQUIRE(reader.next());
            reader.feed(" ");
        }
    };
    CHECK(growth(10000, work) < kLinear);
}
