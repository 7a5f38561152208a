// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/line_editor.hpp"

#include "tests/unit/monitor/line_editor/typist.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using Lines = std::vector<std::string>;

namespace {

struct Case {
    std::string keys;
    std::string row; ///< `|` is the cursor
};

const std::string kLeft = "\x1B[D";
const std::string kUp = "\x1B[A";
const std::string kDown = "\x1B[B";

} // namespace

TEST_CASE("LineEditor: shows what is typed and returns it as a line", "[monitor][line_editor]") {
    Typist typist;
    CHECK(typist.row() == "> |");
    typist.type("help");
    CHECK(typist.row() == "> help|");
    CHECK(typist.lines.empty());
    typist.type("\r");
    CHECK(typist.lines == Lines{"help"});
    CHECK(typist.screen.row(0) == "> help");
    CHECK(typist.row() == "> |");
}

TEST_CASE("LineEditor: keys edit the line", "[monitor][line_editor]") {
    const Case test = GENERATE(values<Case>({
        {"ac" + kLeft + "b", "> ab|c"},
        {"abc\x7F", "> ab|"},
        {"abc\x08", "> ab|"},
        {"abc\x02\x02\x7F", "> |bc"},
        {"\x7F", "> |"},
        {"abc\x02\x02\x1B[3~", "> a|c"},
        {"abc\x02\x04", "> ab|"},
        {"abc\x04", "> abc|"},
        {"abc\x01", "> |abc"},
        {"abc\x01\x02", "> |abc"},
        {"abc\x01\x05", "> abc|"},
        {"abc\x05\x06", "> abc|"},
        {"abc\x01\x06", "> a|bc"},
        {"abc\x02\x15", "> |c"},
        {"abc\x02\x0B", "> ab|"},
        {"one two  \x17", "> one |"},
        {"one a.b/c\x17", "> one |"},
        {"one a.b/c\x1B\x7F", "> one a.b/|"},
        {"one a.b/c\x1B\x08", "> one a.b/|"},
        {"one two\x1B"
         "b",
         "> one |two"},
        {"one two\x1B"
         "b\x1B"
         "B",
         "> |one two"},
        {"one two\x01\x1B"
         "f",
         "> one| two"},
        {"one two\x01\x1B"
         "f\x1B"
         "f",
         "> one two|"},
        {"one two\x01\x1B"
         "d",
         "> | two"},
        {"ab\x14", "> ba|"},
        {"abc\x02\x14", "> acb|"},
        {"abc\x01\x14", "> |abc"},
        {"a\x14", "> a|"},
        {"abc\x0C", "> abc|"},
        {"abc\x02\x0C", "> ab|c"},
        {"abc\x07", "> abc|"},
    }));
    Typist typist;
    typist.type(test.keys);
    INFO(Catch::StringMaker<std::string>::convert(test.keys));
    CHECK(typist.row() == test.row);
}

TEST_CASE("LineEditor: keys have several spellings, which may be cut anywhere", "[monitor][line_editor]") {
    const Case test = GENERATE(values<Case>({
        {"\x1B[C", "> one tw|o"},
        {"\x1BOC", "> one tw|o"},
        {"\x1B[D", "> one t|wo"},
        {"\x1BOD", "> one t|wo"},
        {"\x1B[H", "> |one two"},
        {"\x1BOH", "> |one two"},
        {"\x1B[1~", "> |one two"},
        {"\x1B[7~", "> |one two"},
        {"\x1B[F", "> one two|"},
        {"\x1BOF", "> one two|"},
        {"\x1B[4~", "> one two|"},
        {"\x1B[8~", "> one two|"},
        {"\x1B[3~", "> one t|o"},
        {"\x1B[1;5C", "> one two|"},
        {"\x1B[1;5D", "> one |two"},
        {"\x1B[1;3C", "> one two|"},
        {"\x1B[1;3D", "> one |two"},
        {"\x1B\x1B[D", "> one t|wo"},
        {"\x1B[A", "> recalled|"},
        {"\x1BOA", "> recalled|"},
        {"\x10", "> recalled|"},
        {"\x10\x1B[B", "> one two|"},
        {"\x10\x1BOB", "> one two|"},
        {"\x10\x0E", "> one two|"},
        {"\x1B[1\x02", "> one t|wo"},
        {"\xC3\xA9", "> one t\xC3\xA9|wo"},
        {"\xE4\xB8\xAD", "> one t\xE4\xB8\xAD|wo"},
        {"\xF0\x9F\x98\x80", "> one t\xF0\x9F\x98\x80|wo"},
    }));
    // From `one t|wo`, and Left from one further right.
    const std::string start = test.row == "> one t|wo" ? "one two\x02" : "one two\x02\x02";
    for (std::size_t cut = 0; cut <= test.keys.size(); ++cut) {
        Typist typist;
        typist.type("recalled\r" + start);
        typist.type(test.keys.substr(0, cut));
        typist.type(test.keys.substr(cut));
        INFO(Catch::StringMaker<std::string>::convert(test.keys) << " cut at " << cut);
        CHECK(typist.row() == test.row);
    }
}

TEST_CASE("LineEditor: swallows what it does not know", "[monitor][line_editor]") {
    const std::string keys = GENERATE(values<std::string>({
        std::string("\0", 1),
        "\x0F",
        "\x11",
        "\x13",
        "\x16",
        "\x18",
        "\x1A",
        "\x1C",
        "\x1F", // control characters
        "\x1B[5~",
        "\x1B[Z",
        "\x1B[15;2~",
        "\x1B[1;50D",
        "\x1B[?1;2c",
        "\x1B[1;1;1;1;1;1;1;1;1;1;1;1H",
        "\x1B[ q", // sequences
        "\x1B[[A",
        "\x1BOP",
        "\x1BO2P",
        "\x1B[200~",
        "\x1B]0;title\x07",
        "\x1B]0;title\x1B\\",
        "\x1Bx",
        "\x1B.",
        "\x1B\xC3\xA9", // Alt and a character
        "\x80",
        "\xBF\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x80\x80",
        "\xED\xA0\x80", // not UTF-8
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF\xFF",
        "\xC2\x80",
        "\xC2\x9B",
        "\xE2\x80\xA8",
        "\xE2\x80\xAE", // controls in UTF-8
    }));
    for (std::size_t cut = 0; cut <= keys.size(); ++cut) {
        Typist typist;
        typist.type("ac\x02" + keys.substr(0, cut));
        typist.type(keys.substr(cut) + "b");
        INFO(Catch::StringMaker<std::string>::convert(keys) << " cut at " << cut);
        CHECK(typist.row() == "> ab|c");
    }
}

TEST_CASE("LineEditor: what begins no character does not eat the next one", "[monitor][line_editor]") {
    const std::string keys =
        GENERATE(values<std::string>({"\xC3", "\xE4\xB8", "\xF0\x9F\x98", "\x1B[\x1B[[1"}));
    Typist typist;
    typist.type("ab" + keys + "\xC3\xA9\r");
    CHECK(typist.lines == Lines{"ab\xC3\xA9"});
}

TEST_CASE("LineEditor: CR, LF and CR LF end one line each", "[monitor][line_editor]") {
    const std::string keys = "a\rb\nc\r\nd\r\r\n\n\n\re\x1B\rf\x1B[1\r";
    const Lines expected{"a", "b", "c", "d", "", "", "", "", "e", "f"};
    const bool echo = GENERATE(true, false);
    for (std::size_t cut = 0; cut <= keys.size(); ++cut) {
        Typist typist({"> ", echo});
        typist.type(keys.substr(0, cut));
        typist.type(keys.substr(cut));
        CHECK(typist.lines == expected);
    }
}

TEST_CASE("LineEditor: a character is one step, whatever its bytes and columns", "[monitor][line_editor]") {
    const std::string text = "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80z"; // one column, two, two and one
    Typist typist;
    typist.type(text);
    CHECK(typist.screen.cursor_column() == 8);
    typist.type(kLeft + kLeft);
    CHECK(typist.screen.cursor_column() == 5);
    typist.type("\x7F");
    CHECK(typist.row() == "> \xC3\xA9|\xF0\x9F\x98\x80z");
    typist.type("\x14");
    CHECK(typist.row() == "> \xF0\x9F\x98\x80\xC3\xA9|z");
    typist.type("\x01\x04\x04\x04\xE4\xB8\xAD\r");
    CHECK(typist.lines == Lines{"\xE4\xB8\xAD"});
}

TEST_CASE("LineEditor: a mark has no column of its own", "[monitor][line_editor]") {
    Typist typist;
    typist.type("ae\xCC\x81z\x02");
    CHECK(typist.row() == "> ae\xCC\x81|z");
    CHECK(typist.screen.cursor_column() == 4);
    SECTION("and can be taken off again") {
        typist.type("\x7F");
        CHECK(typist.row() == "> ae|z");
    }
    SECTION("and goes with its letter when that is replaced") {
        typist.type("\x02\x7Fo");
        CHECK(typist.row() == "> ao\xCC\x81|z");
    }
}

TEST_CASE("LineEditor: Ctrl-Y brings back what was killed", "[monitor][line_editor]") {
    const Case test = GENERATE(values<Case>({
        {"one two\x17\x19\x19", "> one twotwo|"},
        {"one two\x01\x0B\x19", "> one two|"},
        {"one two three\x17\x17\x19", "> one two three|"}, // kills in a row add up
        {"one two three\x1B\x7F\x1B\x7F\x19", "> one two three|"},
        {"one two\x01\x1B"
         "d\x1B"
         "d\x19",
         "> one two|"},
        {"one two\x02\x02\x02\x0B\x15\x19", "> one two|"},
        {"one two\x17\x05\x17\x19\x19", "> one one |"},
        {"one two\x17\x15\x15\x0B\x19", "> one two|"},
        {"one\x15two\x0B\x15\x19", "> two|"}, // a kill of nothing begins no row of kills
        {"one\x15\x7F\x19", "> one|"},
        {"one\x15\x01\x0B\x19", "> one|"}, // and leaves what was killed before
        {"\x19", "> |"},
    }));
    Typist typist;
    typist.type(test.keys);
    INFO(Catch::StringMaker<std::string>::convert(test.keys));
    CHECK(typist.row() == test.row);
}

TEST_CASE("LineEditor: Ctrl-C drops the line", "[monitor][line_editor]") {
    Typist typist;
    typist.type("some thing\x02\x02\x03");
    CHECK(typist.screen.row(0) == "> some thing^C");
    CHECK(typist.row() == "> |");
    typist.type("other\r" + kUp + kUp);
    CHECK(typist.lines == Lines{"other"});
    CHECK(typist.row() == "> other|");
}

TEST_CASE("LineEditor: Ctrl-L clears the screen", "[monitor][line_editor]") {
    Typist typist;
    typist.type("one\rtwo\rthree\x02");
    typist.type("\x0C");
    CHECK(typist.screen.cursor_row_number() == 0);
    CHECK(typist.screen.rows() == 1);
    CHECK(typist.row() == "> thre|e");
}

TEST_CASE("LineEditor: Ctrl-D in an empty line means nothing, and loses nothing", "[monitor][line_editor]") {
    Typist typist;
    typist.type("\x04x\x04\x7F\x04\x04rest\x04\r\x04");
    CHECK(typist.lines == Lines{"rest"});
    CHECK(typist.row() == "> |");
    CHECK(typist.screen.take_bells() > 0); // as for every key that finds nothing to do
}

TEST_CASE("LineEditor: what waits behind a Tab is taken by the next call", "[monitor][line_editor]") {
    LineEditor editor({"> "},
                      [](std::string_view before) { return before == "h" ? Lines{"help"} : Lines{"me"}; });
    std::string output = editor.prompt();
    editor.feed("h\tm\t\r\t");
    CHECK_FALSE(editor.next_line(output));
    CHECK(editor.has_input());
    CHECK(editor.line() == "help ");
    CHECK_FALSE(editor.next_line(output));
    CHECK(editor.line() == "help me ");
    CHECK(editor.next_line(output) == "help me ");
    CHECK(editor.has_input());
    CHECK_FALSE(editor.next_line(output));
    CHECK_FALSE(editor.has_input());
}

TEST_CASE("LineEditor: a completed word may go on", "[monitor][line_editor]") {
    Typist typist({"> "}, [](std::string_view) { return Completions{{"iothread", "other"}, true}; });
    typist.type("io\t,id=x\r");
    CHECK(typist.lines == Lines{"iothread,id=x"});
}

TEST_CASE("LineEditor: a line has a limit, and says when something is missing", "[monitor][line_editor]") {
    const std::string full(LineBuffer::kMaxLineBytes - 1, 'x');
    const bool echo = GENERATE(true, false);
    Typist typist({"> ", echo});
    typist.type(full + "\xC3\xA9"); // would be one byte too long
    CHECK(typist.screen.take_bells() == (echo ? 1 : 0));
    typist.type("y\r");
    CHECK(typist.lines.back() == full + "y");
    CHECK(typist.editor.cut_off());
    typist.type("short\r");
    CHECK(typist.lines.back() == "short");
    CHECK_FALSE(typist.editor.cut_off());
    typist.type(full + "y\r");
    CHECK(typist.lines.back() == full + "y");
    CHECK_FALSE(typist.editor.cut_off());
    if (echo) {
        typist.type(full + "yz\x7F\r"); // whoever edits a line has seen it
        CHECK(typist.lines.back() == full);
        CHECK_FALSE(typist.editor.cut_off());
        typist.type(full + "yz\x15\x19\x19"); // all or nothing of what was killed
        CHECK(typist.editor.line() == full + "y");
    }
}

TEST_CASE("LineEditor: a long line is scrolled, and shown in full at its end", "[monitor][line_editor]") {
    std::string text;
    for (int i = 0; i < 40; ++i)
        text += "word" + std::to_string(100 + i) + " ";
    text.pop_back();
    Typist typist;
    typist.type(text);
    CHECK(typist.screen.cursor_row_number() == 0);
    const std::string shown = typist.screen.row(0);
    CHECK(shown.substr(0, 3) == "> <");
    CHECK(text.ends_with(shown.substr(3)));
    typist.type("\x01");
    CHECK(typist.row() == "> |" + text.substr(0, 75) + ">");
    for (std::size_t i = 0; i < text.size(); ++i)
        typist.type("\x06");
    CHECK(typist.screen.row(0) == shown);
    typist.type("\r");
    std::string all = typist.screen.row(0);
    for (std::size_t row = 1; row < typist.screen.cursor_row_number(); ++row) {
        all.resize(row * TerminalEmulator::kColumns, ' ');
        all += typist.screen.row(row);
    }
    CHECK(all == "> " + text);
    CHECK(typist.row() == "> |");
}

TEST_CASE("LineEditor: a long line is not scrolled to the middle of a character", "[monitor][line_editor]") {
    const std::string character =
        GENERATE(values<std::string>({"e\xCC\x81", "\xE4\xB8\xAD", "e\xCC\x81\xE4\xB8\xAD"}));
    Typist typist;
    for (int i = 0; i < 100; ++i) {
        typist.type(character);
        std::string shown = typist.screen.row(0).substr(2);
        if (!shown.starts_with('<'))
            continue;
        for (shown.erase(0, 1); shown.ends_with(character);)
            shown.resize(shown.size() - character.size());
        CHECK((shown.empty() || shown == "\xE4\xB8\xAD"));
    }
    CHECK(typist.screen.row(0).starts_with("> <"));
}

TEST_CASE("LineEditor: without echo there are only lines", "[monitor][line_editor]") {
    LineEditor editor({"> ", false}, [](std::string_view) { return Lines{"help"}; });
    std::string output = editor.prompt();
    editor.feed("he\tl\x7F\x01p\x1B[D \xC3\xA9\x12\n\x04\x10\x03\r\nx");
    CHECK(editor.next_line(output) == "he lp \xC3\xA9");
    CHECK(editor.next_line(output) == "");
    CHECK_FALSE(editor.next_line(output));
    CHECK(output.empty());
}

TEST_CASE("LineEditor: what is typed ahead waits for the next prompt", "[monitor][line_editor]") {
    LineEditor editor({"> "});
    TerminalEmulator screen;
    std::string output = editor.prompt();
    editor.feed("first\r\nsecond\r\nthi");
    REQUIRE(editor.next_line(output) == "first");
    screen.write(output + "result of first\r\n" + editor.prompt());
    output.clear();
    REQUIRE(editor.next_line(output) == "second");
    screen.write(output + "result of second\r\n" + editor.prompt());
    output.clear();
    CHECK_FALSE(editor.next_line(output));
    screen.write(output);
    CHECK(screen.rows_from(0) == "> first\nresult of first\n> second\nresult of second\n");
    CHECK(screen.cursor_row() == "> thi|");
    screen.write("\r\nnews\r\n" + editor.prompt()); // somebody else's output
    CHECK(screen.cursor_row() == "> thi|");
}
