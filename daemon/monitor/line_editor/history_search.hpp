// SPDX-License-Identifier: Apache-2.0
//
// HistorySearch: Ctrl-R, while it lasts: a pattern that grows letter by letter, and the newest line with it.
// A letter with which nothing would be found is refused, so what is shown always fits the pattern.
//
// Thread: any thread.  Source: readline's reverse-search-history.
#pragma once

#include "daemon/monitor/line_editor/line_buffer.hpp"
#include "daemon/monitor/line_editor/line_history.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace iothreadd {

class HistorySearch {
public:
    /// The history must not change while this exists.
    HistorySearch(const LineHistory &history, const LineBuffer &line);

    const std::string &pattern() const { return pattern_; }
    /// The line found; at first, and without a pattern, the one that was being edited.
    std::string_view line() const { return match_ ? history_.line(match_->place) : line_before_; }
    /// Where in it the pattern is.
    std::size_t cursor() const { return match_ ? match_->offset : cursor_before_; }
    /// In the history, if it is there.
    std::optional<std::size_t> place() const;
    const std::string &line_before() const { return line_before_; }

    // False: there is nothing like it, and nothing changed.
    bool extend(std::string_view text);
    bool shorten();
    /// The same in an older line that is a different one.
    bool again();
    void give_up() { match_.reset(); }

private:
    bool find(std::string pattern, std::size_t below);

    const LineHistory &history_;
    std::string line_before_;
    std::size_t cursor_before_;
    std::string pattern_;
    std::optional<LineHistory::Match> match_;
};

} // namespace iothreadd
