// SPDX-License-Identifier: Apache-2.0
//
// CandidateList: the words that may stand where a word has been begun, and how they look below the line.
//
// Thread: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iothreadd {

/// Words that may stand at some place.
struct Completions {
    Completions() = default;
    Completions(std::vector<std::string> words_, bool word_goes_on_ = false)
        : words(std::move(words_)), word_goes_on(word_goes_on_) {}

    std::vector<std::string> words;
    bool word_goes_on = false; ///< no blank comes behind one
};

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
