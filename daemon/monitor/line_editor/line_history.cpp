// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/line_history.hpp"

#include <cstring>

namespace iothreadd {

namespace {

/// As std::string_view::find(), in linear time whatever the pattern.
std::size_t find_in(std::string_view text, std::string_view pattern) {
    const void *found = memmem(text.data(), text.size(), pattern.data(), pattern.size());
    return found ? static_cast<std::size_t>(static_cast<const char *>(found) - text.data()) : text.npos;
}

} // namespace

void LineHistory::add(std::string_view line) {
    if (!line.empty() && (lines_.empty() || lines_.back() != line)) {
        lines_.emplace_back(line);
        bytes_ += line.size();
    }
    while (lines_.size() > kMaxHistory || bytes_ > kMaxHistoryBytes) {
        bytes_ -= lines_.front().size();
        lines_.pop_front();
    }
    edited_.clear();
    place_ = lines_.size();
}

std::string LineHistory::go_to(std::size_t place, std::string_view current) {
    if (at(place_) != current)
        edited_[place_] = current;
    place_ = place;
    return std::string(at(place));
}

std::optional<LineHistory::Match> LineHistory::find(std::string_view pattern, std::size_t below) const {
    for (std::size_t place = below; place-- > 0;)
        if (const std::size_t offset = find_in(lines_[place], pattern); offset != std::string_view::npos)
            return Match{place, offset};
    return std::nullopt;
}

std::string_view LineHistory::at(std::size_t place) const {
    if (const auto edited = edited_.find(place); edited != edited_.end())
        return edited->second;
    return place < lines_.size() ? std::string_view(lines_[place]) : std::string_view();
}

} // namespace iothreadd
