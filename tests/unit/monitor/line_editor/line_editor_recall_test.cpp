// SPDX-License-Identifier: Apache-2.0
//
// What a LineEditor knows besides the line: the ones before, and how it may go on.
#include "daemon/monitor/line_editor/candidate_list.hpp"
#include "tests/unit/monitor/line_editor/typist.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using Lines = std::vector<std::string>;

namespace {

const std::string kUp = "\x1B[A";
const std::string kDown = "\x1B[B";

struct Case {
    std::string keys;
    std::string row; ///< `|` is the cursor
};

std::string times(std::size_t count, const std::string &keys) {
    std::string text;
    while (count-- > 0)
        text += keys;
    return text;
}

Lines commands(std::string_view) {
    return {"help",       "info",      "info block", "object_add", "object_del",
            "object_add", "n\xC3\xA9", "n\xC3\xAA",  "\x1B[H"};
}

} // namespace

TEST_CASE("LineEditor: the lines before come back", "[monitor][line_editor]") {
    Typist typist;
    typist.type("one\rtwo\r\rtwo\rthree\r");
    const Case test = GENERATE(values<Case>({
        {kUp, "> three|"},
        {kUp + kUp, "> two|"},
        {kUp + kUp + kUp, "> one|"},
        {times(9, kUp), "> one|"},
        {times(9, kUp) + kDown, "> two|"},
        {kDown, "> |"},
        {"dra\x02" + kUp + kDown, "> dra|"},              // what was being typed is not lost
        {kUp + "!" + kUp + kDown, "> three!|"},           // nor what was edited
        {"draft" + kUp + "!" + kDown, "> draft|"},        // and neither is lost for the other
        {"draft" + kUp + "!" + kDown + kUp, "> three!|"}, //
        {kUp + "!\r" + kUp, "> three!|"},                 // a new line,
        {kUp + "!\r" + kUp + kUp, "> three|"},            // and the old one is as it was
        {kUp + "!" + kUp + "\r" + kUp + kUp, "> three|"}, //
        {kUp + "!\x03" + kUp, "> three|"},                //
        {kUp + kUp + "\r" + kUp, "> two|"},               //
        {kUp + "\r" + kUp + kUp, "> two|"},               // not twice in a row
    }));
    typist.type(test.keys);
    INFO(Catch::StringMaker<std::string>::convert(test.keys));
    CHECK(typist.row() == test.row);
}

TEST_CASE("LineEditor: the history has a limit", "[monitor][line_editor]") {
    Typist typist;
    SECTION("of lines") {
        for (std::size_t i = 0; i < LineHistory::kMaxHistory + 5; ++i)
            typist.type("line " + std::to_string(i) + "\r");
        typist.type(times(LineHistory::kMaxHistory - 1, kUp));
        CHECK(typist.row() == "> line 6|");
        typist.type(kUp);
        CHECK(typist.row() == "> line 5|");
        typist.screen.take_bells();
        typist.type(kUp);
        CHECK(typist.row() == "> line 5|");
        CHECK(typist.screen.take_bells() == 1);
    }
    SECTION("of bytes") {
        const std::size_t kept = LineHistory::kMaxHistoryBytes / LineBuffer::kMaxLineBytes;
        for (std::size_t i = 0; i < kept + 3; ++i)
            typist.type(std::string(LineBuffer::kMaxLineBytes, static_cast<char>('a' + i)) + "\r");
        typist.type(times(kept + 3, kUp));
        CHECK(typist.editor.line() == std::string(LineBuffer::kMaxLineBytes, 'd'));
    }
}

TEST_CASE("LineEditor: Ctrl-R searches in the lines before", "[monitor][line_editor]") {
    Typist typist;
    typist.type("info block\rhelp info\robject_add\rinfo iothreads\rinfo iothreads \rhelp\r");
    const Case test = GENERATE(values<Case>({
        {"\x12", "(reverse-i-search)`': |"},
        {"\x12inf", "(reverse-i-search)`inf': |info iothreads"},
        {"\x12inf\x12", "(reverse-i-search)`inf': |info iothreads"},
        {"\x12inf\x12\x12", "(reverse-i-search)`inf': help |info"},
        {"\x12inf\x12\x12o", "(reverse-i-search)`info': help |info"},
        {"\x12inf\x12\x12\x12", "(reverse-i-search)`inf': |info block"},
        {"\x12inf\x12\x12\x12\x12", "(reverse-i-search)`inf': |info block"},
        {"\x12info b", "(reverse-i-search)`info b': |info block"},
        {"\x12info b\x7F", "(reverse-i-search)`info ': |info iothreads"},
        {"\x12qe", "(reverse-i-search)`e': h|elp"}, // nothing has a q
        {"typed\x02\x12", "(reverse-i-search)`': type|d"},
        {"typed\x02\x12xq\x7F\x7F", "(reverse-i-search)`': type|d"},
        {"typed\x02\x12obj\x07", "> type|d"},
        {"typed\x02\x12obj\x1B", "> |object_add"},
        {"typed\x02\x12obj\x1B[C", "> o|bject_add"},
        {"typed\x02\x12obj\x05", "> object_add|"},
        {"typed\x02\x12obj\x05" + kUp, "> help info|"},
        {"typed\x02\x12obj\x05" + times(4, kDown), "> typed|"},
        {"typed\x02\x12obj\x03" + kUp, "> help|"},
        {"typed\x12obj\r" + kUp + kUp, "> help|"},
        {"typed\x12\x0C", "> typed|"},
    }));
    typist.type(test.keys);
    INFO(Catch::StringMaker<std::string>::convert(test.keys));
    CHECK(typist.row() == test.row);
}

TEST_CASE("LineEditor: Enter takes what Ctrl-R found", "[monitor][line_editor]") {
    Typist typist;
    typist.type("info block\rhelp\r");
    SECTION("the line") {
        typist.type("typed\x12nfo\r");
        CHECK(typist.lines.back() == "info block");
    }
    SECTION("nothing, if nothing was found") {
        typist.type("typed\x12zzz\r");
        CHECK(typist.lines.back() == "typed");
    }
    SECTION("in an empty history") {
        Typist first;
        first.type("\x12"
                   "a\x12\x7F\x1B"
                   "x\r");
        CHECK(first.lines == Lines{""});
    }
}

TEST_CASE("LineEditor: Tab completes the last word", "[monitor][line_editor]") {
    const Case test = GENERATE(values<Case>({
        {"he\t", "> help |"},
        {"say he\t", "> say help |"},
        {"say he twice\x01\x1B"
         "f\x1B"
         "f\t",
         "> say help| twice"},
        {"say hetwice\x01\x1B"
         "f\x06\x06\x06\t",
         "> say help |twice"},
        {"help\t", "> help |"},
        {"obj\t", "> object_|"},
        {"obj\td\t", "> object_del |"},
        {"inf\t", "> info|"},
        {"n\t", "> n|"}, // not half a character
        {"zzz\t", "> zzz|"},
        {"\t", "> |"},
        {"help \t", "> help |"},
    }));
    Typist typist({"> "}, commands);
    typist.type(test.keys);
    INFO(Catch::StringMaker<std::string>::convert(test.keys));
    CHECK(typist.row() == test.row);
}

TEST_CASE("LineEditor: a second Tab lists the candidates", "[monitor][line_editor]") {
    Typist typist({"> "}, commands);
    typist.type("x obj y\x02\x02\t");
    CHECK(typist.row() == "> x object_| y");
    CHECK(typist.screen.cursor_row_number() == 0);
    CHECK(typist.screen.take_bells() == 1);
    typist.type("\t");
    CHECK(typist.screen.rows_from(0) == "> x object_ y\nobject_add  object_del\n");
    CHECK(typist.row() == "> x object_| y");
    typist.type("\x15\x0B\t\t\t\t"); // once only
    CHECK(typist.screen.rows_from(2) == ">\nhelp        info block  n\xC3\xAA          object_del\n"
                                        "info        n\xC3\xA9          object_add\n");
    typist.type("\t\tq"); // not if something else follows already
    CHECK(typist.row() == "> q|");
    CHECK(typist.screen.cursor_row_number() == 5);
}

TEST_CASE("LineEditor: many candidates fill the terminal, and too many are counted",
          "[monitor][line_editor]") {
    const std::size_t count = GENERATE(values({CandidateList::kMaxListed, CandidateList::kMaxListed + 1}));
    Typist typist({"> "}, [count](std::string_view) {
        Lines words;
        for (std::size_t i = 0; i < count; ++i)
            words.push_back("node" + std::to_string(1000 + i));
        return words;
    });
    typist.type("node1\t");
    typist.type("\t");
    const std::size_t rows = CandidateList::kMaxListed / 8; // of eight columns
    CHECK(typist.screen.row(1).starts_with("node1000  node1025  node1050"));
    CHECK(typist.screen.row(1).size() == 78);
    CHECK(typist.screen.row(rows).ends_with("node1199"));
    if (count > CandidateList::kMaxListed)
        CHECK(typist.screen.row(rows + 1) == "and 1 more");
    CHECK(typist.screen.cursor_row_number() == rows + 1 + (count - CandidateList::kMaxListed));
}

TEST_CASE("LineEditor: a candidate wider than the terminal has its own rows", "[monitor][line_editor]") {
    Typist typist({"> "}, [](std::string_view) { return Lines{std::string(100, 'a'), "b"}; });
    typist.type("\t");
    typist.type("\t");
    CHECK(typist.screen.rows_from(1) == std::string(80, 'a') + "\n" + std::string(20, 'a') + "\nb\n");
}

TEST_CASE("LineEditor: a candidate for which the line has no room is not written", "[monitor][line_editor]") {
    Typist typist({"> "}, commands);
    const std::string line = std::string(LineBuffer::kMaxLineBytes - 4, 'x') + " he";
    typist.type(line);
    typist.type("\t");
    CHECK(typist.editor.line() == line);
    CHECK(typist.screen.take_bells() == 1);
}
