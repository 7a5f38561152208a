// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/candidate_list.hpp"

#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace iothreadd {

CandidateList::CandidateList(std::vector<std::string> words, std::string_view word)
    : words_(std::move(words)) {
    std::erase_if(words_, [&](const std::string &w) { return !w.starts_with(word) || !is_typeable(w); });
    std::ranges::sort(words_);
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
}

std::string_view CandidateList::common_prefix() const {
    if (words_.empty())
        return {};
    const std::string_view first = words_.front();
    const std::string &last = words_.back(); // sorted: the two that differ most
    const auto end = std::ranges::mismatch(first, last).in1;
    auto length = static_cast<std::size_t>(std::distance(first.begin(), end));
    if (length < first.size()) // not into a character
        length = previous_code_point(first, next_code_point(first, length));
    return first.substr(0, length);
}

std::string CandidateList::columns(std::size_t terminal_columns) const {
    const std::size_t listed = std::min(words_.size(), kMaxListed);
    std::size_t widest = 1;
    for (std::size_t i = 0; i < listed; ++i)
        widest = std::max(widest, column_width(words_[i]));
    constexpr std::size_t kGap = 2;
    const std::size_t per_row = std::max<std::size_t>(1, (terminal_columns - 1 + kGap) / (widest + kGap));
    const std::size_t rows = (listed + per_row - 1) / per_row;
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = row; i < listed; i += rows) {
            text += words_[i];
            if (i + rows < listed)
                text.append(widest + kGap - column_width(words_[i]), ' ');
        }
        text += "\r\n";
    }
    if (listed < words_.size())
        fmt::format_to(std::back_inserter(text), "and {} more\r\n", words_.size() - listed);
    return text;
}

} // namespace iothreadd
