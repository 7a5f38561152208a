// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/history_search.hpp"

#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <utility>

namespace iothreadd {

HistorySearch::HistorySearch(const LineHistory &history, const LineBuffer &line)
    : history_(history), line_before_(line.text()), cursor_before_(line.cursor()) {}

std::optional<std::size_t> HistorySearch::place() const {
    return match_ ? std::optional(match_->place) : std::nullopt;
}

bool HistorySearch::extend(std::string_view text) {
    return find(pattern_ + std::string(text), match_ ? match_->place + 1 : history_.size());
}

bool HistorySearch::shorten() {
    std::string pattern = pattern_.substr(0, previous_code_point(pattern_, pattern_.size()));
    if (!pattern.empty())
        return find(std::move(pattern), history_.size());
    match_.reset();
    return !std::exchange(pattern_, {}).empty();
}

bool HistorySearch::again() {
    std::optional<LineHistory::Match> older = match_;
    while (older && history_.line(older->place) == history_.line(match_->place))
        older = history_.find(pattern_, older->place);
    if (older)
        match_ = older;
    return older.has_value();
}

bool HistorySearch::find(std::string pattern, std::size_t below) {
    const auto found = history_.find(pattern, below);
    if (!found)
        return false;
    match_ = found;
    pattern_ = std::move(pattern);
    return true;
}

} // namespace iothreadd
