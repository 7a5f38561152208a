// SPDX-License-Identifier: Apache-2.0
//
// JsonReader and JsonWriter: any bytes, in any pieces.
//
// Input: letters that say how the bytes are cut (see fuzz_check.hpp), or `*` to have them 256 times over;
// then the bytes.
#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/json_writer.hpp"

#include "fuzz_check.hpp"

#include <algorithm>
#include <string>

using namespace iothreadd;
using fuzz::check;

namespace {

constexpr std::size_t kMaxBytes = 4U << 10;  ///< of an input that is repeated
constexpr std::size_t kMaxErrorBytes = 1200; ///< 1023, and the position in front
/// What a byte may become when it is indented: itself, an end of line and blanks.
constexpr std::size_t kMaxIndentedBytes = 3 + 4 * kMaxIndentedLevels;

std::size_t depth_of(const Json &value) {
    if (!value.is_structured())
        return 0;
    std::size_t deepest = 0;
    for (const Json &element : value)
        deepest = std::max(deepest, depth_of(element));
    return deepest + 1;
}

std::string to_text(const Json &value) {
    std::string text;
    write_json(text, value);
    return text;
}

Json read_one(std::string_view text) {
    JsonReader reader;
    reader.feed(text);
    reader.feed("\n");
    auto message = reader.next();
    check(message && message->has_value(), "what was written can be read", text);
    check(!reader.next() && !reader.half_read(), "what was written is one value", text);
    return std::move(**message);
}

/// Every value comes back from its text, which is JSON to others too, and from its indented text.
void check_value(const Json &value) {
    check(depth_of(value) <= JsonReader::kMaxNesting, "the nesting is limited");
    const std::string text = to_text(value);
    check(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }), "output is ASCII", text);
    check(Json::accept(text), "output is JSON", text);
    const Json again = read_one(text);
    check(again == value, "a value survives its text", text);
    const std::string settled = to_text(again); // the double -0.0 is printed `-0`, which is the integer 0
    check(to_text(read_one(settled)) == settled, "a value has one text", settled);
    std::string lines;
    write_json_indented(lines, text);
    check(lines.size() <= text.size() * kMaxIndentedBytes, "indented text is bounded", text);
    check(read_one(lines) == value, "a value survives its indented text", text);
}

void check_error(const Error &error) {
    check(!error.desc.empty(), "an error has a text");
    check(error.desc.size() <= kMaxErrorBytes, "the text of an error is bounded", error.desc);
    std::string text;
    write_json_string(text, error.desc);
    check(Json::accept(text), "the text of an error can be sent", text);
}

struct Reading {
    std::string log; ///< each message on a line: a value as it is printed, an error behind `! `
    std::size_t messages = 0;
    std::string last;
    Json value;             ///< the last one
    bool half_read = false; ///< more has begun behind it
};

void drain(JsonReader &reader, Reading &reading) {
    while (auto message = reader.next()) {
        ++reading.messages;
        if (message->has_value()) {
            check_value(**message);
            reading.last = to_text(**message);
            reading.value = std::move(**message);
        } else {
            check_error(message->error());
            reading.last = "! " + message->error().desc;
        }
        reading.log += reading.last;
        reading.log += '\n';
    }
}

/// What was read, and then that the reader can be used again: at once between messages, else after a byte
/// that ends any.
Reading read(const std::vector<std::string_view> &pieces) {
    JsonReader reader;
    Reading reading;
    for (const std::string_view piece : pieces) {
        reader.feed(piece);
        drain(reader, reading);
    }
    Reading after;
    reading.half_read = reader.half_read();
    reader.feed(reading.half_read ? "\xff{'sync': 1}" : "\n{'sync': 1}");
    drain(reader, after);
    check(after.last == R"({"sync": 1})", "the reader finds back", after.log);
    check(after.messages <= (reading.half_read ? 3U : 1U), "the reader finds back at once", after.log);
    return reading;
}

/// What is one value to us is the same to another parser, unless it has what only the dialect knows.
void check_standard(std::string_view bytes, const Reading &reading) {
    const auto has = [&](std::string_view text) { return bytes.find(text) != std::string_view::npos; };
    const bool one_value = reading.messages == 1 && !reading.last.starts_with('!');
    if (!one_value || has("'") || has("\\u0000") || has("\xc0"))
        return;
    const Json other = Json::parse(bytes, nullptr, false);
    if (other.is_discarded()) // then because the next value has begun
        return check(reading.half_read, "others read it too", bytes);
    check(other == reading.value, "the value is what others read", bytes);
}

std::string repeat(std::string_view bytes) {
    std::string out;
    for (int i = 0; i < 256 && out.size() + bytes.size() <= kMaxBytes; ++i)
        out += bytes;
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const auto [directions, bytes] = fuzz::split_input(data, size);
    if (directions == "*") {
        const std::string many = repeat(bytes);
        check(read({many}).messages <= many.size(), "a message is a byte at least");
        return 0;
    }
    const Reading whole = read({bytes});
    check(whole.messages <= bytes.size(), "a message is a byte at least", whole.log);
    check_standard(bytes, whole);
    check(read(fuzz::cut(bytes, directions)).log == whole.log, "the pieces make no difference", whole.log);
    return 0;
}
