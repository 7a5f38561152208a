// SPDX-License-Identifier: Apache-2.0
//
// Typist: somebody at a terminal, with a LineEditor at the other end. Nothing is printed for a line.
#pragma once

#include "daemon/monitor/line_editor/line_editor.hpp"
#include "tests/unit/monitor/line_editor/terminal_emulator.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iothreadd {

struct Typist {
    explicit Typist(LineEditor::Options options = {"> "}, LineEditor::Completer completer = {})
        : editor(std::move(options), std::move(completer)) {
        screen.write(editor.prompt());
    }

    void type(std::string_view keys) {
        editor.feed(keys);
        std::string output;
        do {
            auto line = editor.next_line(output);
            if (!line)
                continue;
            lines.push_back(*std::move(line));
            output += editor.prompt();
        } while (editor.has_input());
        screen.write(output);
        sent += output.size();
    }

    /// With `|` where the cursor is.
    std::string row() const { return screen.cursor_row(); }

    LineEditor editor;
    TerminalEmulator screen;
    std::vector<std::string> lines;
    std::size_t sent = 0; ///< bytes to the terminal
};

} // namespace iothreadd
