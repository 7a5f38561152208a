// SPDX-License-Identifier: Apache-2.0
//
// LineEditor: line editing for somebody at a terminal that does none itself: bytes in, and bytes for the
// terminal and complete lines out. A state machine without I/O, so that it serves a tty, a pty or a socket
// (`socat -,raw,echo=0 UNIX:...`) alike. The keys are those of readline's emacs mode. KeyDecoder knows what
// the bytes mean, LineBuffer is the line, LineHistory the ones before, and TerminalRow what is on the screen.
//
//     editor.feed(bytes);
//     while (editor.has_input())
//         if (std::optional<std::string> line = editor.next_line(output))
//             output += run(*line) + editor.prompt(); // lines ended by CR LF, as on any raw terminal
//
// What is sent is drawn once for all bytes at hand, so many keys at once cost one row of output.
//
// Thread: any one thread.  Source: readline's emacs mode; QEMU's human monitor, as its users know it.
#pragma once

#include "daemon/monitor/line_editor/candidate_list.hpp"
#include "daemon/monitor/line_editor/history_search.hpp"
#include "daemon/monitor/line_editor/key_decoder.hpp"
#include "daemon/monitor/line_editor/line_buffer.hpp"
#include "daemon/monitor/line_editor/line_history.hpp"
#include "daemon/monitor/line_editor/terminal_row.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class LineEditor {
public:
    struct Options {
        std::string prompt;
        bool echo = true; ///< false: the lines as they come, without prompt, editing or history
    };
    /// What may stand instead of the last word, the one that begins after the last blank. The word itself is
    /// compared here: more candidates than begin with it do no harm.
    using Completer = std::function<Completions(std::string_view before_cursor)>;

    explicit LineEditor(Options options, Completer completer = {});
    LineEditor(const LineEditor &) = delete;
    LineEditor &operator=(const LineEditor &) = delete;

    /// Begin a row with the prompt and the line so far: at first, after the output of each line, and whenever
    /// something else was written. What to write.
    std::string prompt();

    /// Bytes from the terminal; nothing happens yet. Limits: none, so read no more while a line is executed.
    void feed(std::string_view bytes);

    /// Take the bytes up to the next end of line. Without one: nothing, and all of them are taken, except
    /// those after a Tab: what it asks for may take its time, so that the owner can look after others before
    /// it goes on. Echo is appended to `output`.
    /// Shape:  a line is UTF-8 without control characters, at most LineBuffer::kMaxLineBytes.
    std::optional<std::string> next_line(std::string &output);

    /// There are bytes left: call next_line() again.
    bool has_input() const { return taken_ < input_.size(); }
    /// The line that next_line() returned lacks what was beyond the limit: half a command is better not run.
    bool cut_off() const { return cut_off_; }

    /// The line being edited, and where in it the cursor is.
    std::string_view line() const { return line_.text(); }
    std::size_t cursor() const { return line_.cursor(); }

private:
    void handle_plain(Key key);
    void handle(Key key, std::string &output);
    void edit(Key key, std::string &output);
    bool search_takes(Key key);

    void ring() { ring_ = true; }
    void insert(std::string_view text);
    void kill_to(std::size_t position);
    void erase_to(std::size_t position);
    void recall(std::size_t place);
    void complete(std::string &output);
    void interrupt(std::string &output);
    void clear_screen(std::string &output);

    void end_search();

    std::string accept(std::string &output);
    void refresh(std::string &output);

    Options options_;
    Completer completer_;
    std::string input_;
    std::size_t taken_ = 0; ///< of input_
    KeyDecoder keys_;
    LineBuffer line_;
    LineHistory history_;
    TerminalRow row_;
    std::string killed_; ///< what Ctrl-Y brings back; all of it was in one line
    bool kill_adds_up_ = false;
    std::optional<HistorySearch> search_;
    Key last_key_ = Key::none;
    bool ring_ = false; ///< the bell, at the next refresh
    bool lost_ = false; ///< text that had no room
    bool cut_off_ = false;
};

} // namespace iothreadd
