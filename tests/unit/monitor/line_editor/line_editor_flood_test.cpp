// SPDX-License-Identifier: Apache-2.0
//
// A LineEditor with whatever a peer may send: the screen always shows the line, and nothing costs too much.
#include "tests/unit/monitor/line_editor/typist.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace iothreadd;

namespace {

const std::string kPrompt = "(test) ";
const std::string kSearch = "(reverse-i-search)`";
const std::string kMark = "\xCC\x81";

/// Anything, but more often what does something. Without `<`, `>` and `|`, which the screen has of its own.
class Keys {
public:
    std::string next() {
        switch (pick(8)) {
        case 0:
            return std::string(1, static_cast<char>(pick(0x20)));
        case 1:
            return std::string("\x1B[") + "ABCDHFPZ"[pick(8)];
        case 2:
            return std::string("\x1B") + "bfd\x7F\x08O[]"[pick(8)];
        case 3:
            return characters_[pick(characters_.size())];
        case 4:
            return without_markers(static_cast<char>(pick(0x100)));
        default:
            return std::string(1, "abcdefgh io"[pick(11)]);
        }
    }

private:
    std::size_t pick(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    static std::string without_markers(char byte) {
        return byte == '<' || byte == '>' || byte == '|' ? "" : std::string(1, byte);
    }

    std::mt19937 random_{20240229};
    std::vector<std::string> characters_{"\xC3\xA9",         "\xE4\xB8\xAD", "\xEA\xB0\x80",
                                         "\xF0\x9F\x98\x80", "e" + kMark,    "\x1B[3~",
                                         "\x1B[1;5C",        "\x1B[1;5D",    std::string(30, 'w')};
};

std::string without_blanks_at_end(std::string_view text) {
    return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

/// Empty, or what is wrong.
std::string fault_of_row(const Typist &typist) {
    const std::string line(typist.editor.line());
    const std::string before = line.substr(0, typist.editor.cursor());
    const std::string row = typist.screen.row(typist.screen.cursor_row_number());
    const std::size_t column = typist.screen.cursor_column();
    const bool searching = row.starts_with(kSearch);
    if (!searching && !row.starts_with("(test)"))
        return "no prompt";
    if (!searching && TerminalEmulator::width(kPrompt + line) < TerminalEmulator::kColumns - 2) {
        if (row != without_blanks_at_end(kPrompt + line))
            return "not the line";
        return column == TerminalEmulator::width(kPrompt + before) ? "" : "not where the cursor is";
    }
    const std::string shown =
        typist.row(); // a part, or after another label: what is around the cursor has to fit
    const std::size_t bar = shown.find('|');
    std::string right = shown.substr(bar + 1);
    std::string left = shown.substr(searching ? shown.rfind("': ", bar) + 3 : kPrompt.size());
    left.resize(left.find('|'));
    if (left.starts_with('<'))
        left.erase(0, 1);
    else if (left != before && !line.substr(before.size()).starts_with(kMark))
        return "not what is before the cursor";
    const bool goes_on = right.ends_with('>');
    if (goes_on)
        right.pop_back();
    std::string after = line.substr(before.size());
    for (; after.starts_with(kMark); after.erase(0, kMark.size())) // belongs to what is on the left
        left.resize(left.ends_with(kMark) ? left.size() - kMark.size() : left.size());
    if (!before.ends_with(left))
        return "not what is before the cursor";
    return (goes_on ? after.starts_with(right) : without_blanks_at_end(after) == right)
               ? ""
               : "not what is after it";
}

} // namespace

TEST_CASE("LineEditor: the screen shows the line after any bytes", "[monitor][line_editor]") {
    Typist typist({kPrompt}, [](std::string_view) {
        return std::vector<std::string>{"abc", "abd", "fee", "io"};
    });
    Keys keys;
    std::string recent;
    for (int step = 0; step < 100'000; ++step) {
        const std::string key = keys.next();
        recent = recent.substr(recent.size() > 60 ? recent.size() - 60 : 0) + key;
        typist.type(key);
        if (const std::string fault = fault_of_row(typist); !fault.empty()) {
            INFO("step " << step << ", after " << Catch::StringMaker<std::string>::convert(recent));
            INFO("line '" << typist.editor.line() << "', cursor at byte " << typist.editor.cursor());
            INFO("row '" << typist.row() << "', cursor in column " << typist.screen.cursor_column());
            FAIL(fault);
        }
        if (typist.screen.rows() > 1000)
            typist.type("\x0C");
    }
    CHECK(typist.lines.size() > 100);
}

TEST_CASE("LineEditor: it does not matter how the bytes are cut", "[monitor][line_editor]") {
    Keys keys;
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (int i = 0; i < 60; ++i)
            bytes += keys.next();
        Typist at_once;
        Typist one_by_one;
        at_once.type(bytes);
        for (const char byte : bytes)
            one_by_one.type(std::string_view(&byte, 1));
        INFO(Catch::StringMaker<std::string>::convert(bytes));
        REQUIRE(at_once.lines == one_by_one.lines);
        REQUIRE(at_once.row() == one_by_one.row());
    }
}

TEST_CASE("LineEditor: a flood of one key costs little", "[monitor][line_editor]") {
    const std::string key = GENERATE(values<std::string>(
        {"\t", "x\t\t\x7F", "\x0C", "\a", "\x7F", "\x10", "\x10\x0E", "\x15\x19\x19", "x\x15\x19\x0B",
         "\x12x\x07", "\x12x\x12\x12\x12", "\x1B[", "\x1B]", "\xF0\x9F", "\x14", "\xCC\x81"}));
    constexpr std::size_t kBytes = 1U << 14;
    Typist typist({kPrompt}, [](std::string_view) { return std::vector<std::string>(50, "x"); });
    for (std::size_t i = 0; i < LineHistory::kMaxHistory; ++i)
        typist.type(std::string(100 + i, 'x') + "\r");
    typist.sent = 0;
    std::string keys;
    while (keys.size() < kBytes)
        keys += key;
    typist.type(keys);
    INFO(Catch::StringMaker<std::string>::convert(key));
    CHECK(typist.sent <= 8 * keys.size()); // Ctrl-L is answered with seven bytes
    CHECK(typist.editor.line().size() <= LineBuffer::kMaxLineBytes);
}
