// SPDX-License-Identifier: Apache-2.0
//
// What a JsonReader says, as lines of text that a test can compare: a value as JsonWriter prints it, an error
// as
// "! " and its text.
#pragma once

#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/json_writer.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::test {

using Lines = std::vector<std::string>;

inline std::string describe(const Result<Json> &message) {
    if (!message.has_value())
        return "! " + message.error().desc;
    std::string text;
    write_json(text, *message);
    return text;
}

inline void drain(JsonReader &reader, Lines &lines) {
    while (const auto message = reader.next())
        lines.push_back(describe(*message));
}

inline Lines read_chunks(const std::vector<std::string_view> &chunks) {
    JsonReader reader;
    Lines lines;
    for (const std::string_view chunk : chunks) {
        reader.feed(chunk);
        drain(reader, lines);
    }
    return lines;
}

inline Lines read_bytewise(std::string_view text) {
    std::vector<std::string_view> chunks;
    for (std::size_t i = 0; i < text.size(); ++i)
        chunks.push_back(text.substr(i, 1));
    return read_chunks(chunks);
}

/// All messages of `text`; checks on the way that no way to split it changes them.
inline Lines read(std::string_view text) {
    const Lines whole = read_chunks({text});
    CHECK(read_bytewise(text) == whole);
    for (std::size_t split = 1; split < text.size(); ++split) {
        INFO("split before byte " << split);
        REQUIRE(read_chunks({text.substr(0, split), text.substr(split)}) == whole);
    }
    return whole;
}

} // namespace iothreadd::test
