// SPDX-License-Identifier: Apache-2.0
//
// CandidateList: the words that may stand where a word has been begun, and how they look below the line.
//
// Thread: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class CandidateList {
public:
    /// More are only counted.
    static constexpr std::size_t kMaxListed = 200;

    /// Of the words, those that begin with `word` and can be typed: sorted, each once.
    CandidateList(std::vector<std::string> words, std::string_view word);

    std::size_t size() const { return words_.size(); }
    bool empty() const { return words_.empty(); }
    /// What all of them begin with: whole characters.
    std::string_view common_prefix() const;
    /// All of them, in columns that are read downwards; rows end with CR LF.
    std::string columns(std::size_t terminal_columns) const;

private:
    std::vector<std::string> words_;
};

} // namespace iothreadd
