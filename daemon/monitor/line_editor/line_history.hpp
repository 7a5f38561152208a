// SPDX-License-Identifier: Apache-2.0
//
// LineHistory: the lines entered before, and the place among them of the line being edited. That line stands
// below the newest. Whoever edits a recalled line and walks on finds it edited when coming back, until the
// next line is entered; the history itself does not change.
//
// Thread: any thread.  Source: readline.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace iothreadd {

class LineHistory {
public:
    static constexpr std::size_t kMaxHistory = 64;
    /// Of all lines together: what one search has to look at.
    static constexpr std::size_t kMaxHistoryBytes = 1U << 15;

    struct Match {
        std::size_t place;
        std::size_t offset; ///< in that line
    };

    std::size_t size() const { return lines_.size(); }
    const std::string &line(std::size_t place) const { return lines_[place]; }
    /// size(): at the line that is new.
    std::size_t place() const { return place_; }

    /// A line was entered: keep it, unless it is empty or the same as the last, and forget what was edited.
    void add(std::string_view line);
    /// Go to a place, not beyond size(), and leave `current` at this one. What stands there.
    std::string go_to(std::size_t place, std::string_view current);
    /// The newest line before `below` that contains `pattern`, and where in it first.
    std::optional<Match> find(std::string_view pattern, std::size_t below) const;

private:
    std::string_view at(std::size_t place) const;

    std::deque<std::string> lines_;
    std::size_t bytes_ = 0;
    std::size_t place_ = 0;
    std::map<std::size_t, std::string> edited_;
};

} // namespace iothreadd
