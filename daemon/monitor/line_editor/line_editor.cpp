// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/line_editor.hpp"

#include "daemon/monitor/line_editor/candidate_list.hpp"
#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace iothreadd {

namespace {

/// Where the key goes, or how far what it takes away reaches.
std::size_t position_for(Key key, const LineBuffer &line) {
    switch (key) {
    case Key::left:
    case Key::erase_left:
        return line.left();
    case Key::right:
    case Key::erase_right:
        return line.right();
    case Key::word_left:
    case Key::kill_word_left:
        return line.word_left();
    case Key::word_right:
    case Key::kill_word_right:
        return line.word_right();
    case Key::kill_field_left:
        return line.field_left();
    case Key::line_start:
    case Key::kill_to_start:
        return 0;
    case Key::line_end:
    case Key::kill_to_end:
        return line.end();
    default:
        return line.cursor();
    }
}

constexpr bool moves(Key key) {
    return key == Key::left || key == Key::right || key == Key::word_left || key == Key::word_right ||
           key == Key::line_start || key == Key::line_end;
}

constexpr bool kills(Key key) {
    return key == Key::kill_word_left || key == Key::kill_word_right || key == Key::kill_field_left ||
           key == Key::kill_to_start || key == Key::kill_to_end;
}

/// The end of a pattern that may be long.
std::string_view tail(std::string_view text) {
    constexpr std::size_t kShownBytes = 20;
    return text.size() <= kShownBytes ? text
                                      : text.substr(next_code_point(text, text.size() - kShownBytes - 1));
}

} // namespace

LineEditor::LineEditor(Options options, Completer completer)
    : options_(std::move(options)), completer_(std::move(completer)) {}

std::string LineEditor::prompt() {
    std::string output;
    row_.forget();
    refresh(output);
    return output;
}

void LineEditor::feed(std::string_view bytes) {
    input_.erase(0, std::exchange(taken_, 0));
    input_ += bytes;
}

std::optional<std::string> LineEditor::next_line(std::string &output) {
    while (taken_ < input_.size()) {
        const Key key = keys_.decode(input_[taken_++]);
        if (key == Key::none)
            continue;
        if (key == Key::enter)
            return accept(output);
        if (!options_.echo) {
            handle_plain(key);
            continue;
        }
        handle(key, output);
        if (key == Key::complete && has_input())
            return std::nullopt;
    }
    refresh(output);
    return std::nullopt;
}

void LineEditor::handle_plain(Key key) {
    if (key == Key::text)
        insert(keys_.text());
    else if (key == Key::complete)
        insert(" ");
}

void LineEditor::handle(Key key, std::string &output) {
    if (key == Key::escape) // a key of its own for a search only: it may begin the same one again
        return end_search();
    if (!search_ || !search_takes(key))
        edit(key, output);
    kill_adds_up_ = kill_adds_up_ && kills(key);
    last_key_ = key;
}

void LineEditor::edit(Key key, std::string &output) {
    const std::size_t position = position_for(key, line_);
    if (moves(key))
        return line_.move_to(position);
    if (kills(key))
        return kill_to(position);
    switch (key) {
    case Key::text:
        return insert(keys_.text());
    case Key::complete:
        return complete(output);
    case Key::erase_left:
    case Key::erase_right:
        return erase_to(position);
    case Key::yank:
        return insert(killed_);
    case Key::transpose:
        return line_.transpose() ? void() : ring();
    case Key::older:
        return history_.place() == 0 ? ring() : recall(history_.place() - 1);
    case Key::newer:
        return history_.place() == history_.size() ? ring() : recall(history_.place() + 1);
    case Key::search:
        search_.emplace(history_, line_);
        return;
    case Key::give_up:
        return ring();
    case Key::clear_screen:
        return clear_screen(output);
    case Key::interrupt:
        return interrupt(output);
    default:
        return;
    }
}

void LineEditor::insert(std::string_view text) {
    if (line_.insert(text))
        return;
    lost_ = true;
    ring();
}

void LineEditor::erase_to(std::size_t position) {
    ring_ |= position == line_.cursor();
    line_.cut_to(position);
    lost_ = false;
}

/// Kills in a row add up: to no more than the line they are from.
void LineEditor::kill_to(std::size_t position) {
    const bool leftwards = position < line_.cursor();
    const std::string removed = line_.cut_to(position);
    if (removed.empty())
        return;
    if (!std::exchange(kill_adds_up_, true))
        killed_.clear();
    killed_.insert(leftwards ? 0 : killed_.size(), removed);
    lost_ = false;
}

void LineEditor::recall(std::size_t place) {
    const std::string line = history_.go_to(place, line_.text());
    line_.assign(line, line.size());
    lost_ = false;
}

/// Tab writes what is certain. A second one lists the rest, unless more keys wait: nobody would read it, and
/// a few bytes would make for a lot of output.
void LineEditor::complete(std::string &output) {
    const std::string before(line_.before_cursor());
    const std::string word = before.substr(before.rfind(' ') + 1);
    Completions completions = completer_ ? completer_(before) : Completions{};
    const CandidateList candidates(std::move(completions.words), word);
    if (candidates.size() != 1)
        ring();
    if (candidates.empty())
        return;
    std::string addition(candidates.common_prefix().substr(word.size()));
    if (candidates.size() == 1 && !completions.word_goes_on && !line_.after_cursor().starts_with(' '))
        addition += ' ';
    if (!line_.insert(addition))
        ring();
    if (candidates.size() > 1 && addition.empty() && last_key_ == Key::complete && taken_ == input_.size()) {
        row_.finish({options_.prompt, line_.text(), line_.cursor()}, output);
        output += candidates.columns(kTerminalColumns);
    }
}

void LineEditor::interrupt(std::string &output) {
    const std::string dropped = line_.take() + "^C";
    row_.finish({options_.prompt, dropped, dropped.size()}, output);
    history_.add({});
    lost_ = false;
}

void LineEditor::clear_screen(std::string &output) {
    output += "\x1B[H\x1B[2J";
    row_.forget();
}

/// Whether the key belongs to the search; any other ends it, and means what it always does.
bool LineEditor::search_takes(Key key) {
    bool found = true;
    switch (key) {
    case Key::text:
        found = search_->extend(keys_.text());
        break;
    case Key::erase_left:
        found = search_->shorten();
        break;
    case Key::search:
        found = search_->again();
        break;
    case Key::give_up:
        search_->give_up();
        break;
    default:
        end_search();
        return false;
    }
    if (!found) {
        ring();
        return true;
    }
    line_.assign(search_->line(), search_->cursor());
    lost_ = false;
    if (key == Key::give_up)
        search_.reset();
    return true;
}

/// From now on the line found is one that was recalled.
void LineEditor::end_search() {
    if (search_ && search_->place())
        history_.go_to(*search_->place(), search_->line_before());
    search_.reset();
}

std::string LineEditor::accept(std::string &output) {
    end_search();
    cut_off_ = std::exchange(lost_, false);
    kill_adds_up_ = false;
    last_key_ = Key::enter;
    std::string line = line_.take();
    if (!options_.echo)
        return line;
    if (std::exchange(ring_, false))
        output += '\a';
    row_.finish({options_.prompt, line, line.size()}, output);
    history_.add(line);
    return line;
}

void LineEditor::refresh(std::string &output) {
    if (!options_.echo)
        return;
    const std::string label =
        search_ ? fmt::format("(reverse-i-search)`{}': ", tail(search_->pattern())) : options_.prompt;
    row_.show({label, line_.text(), line_.cursor()}, output);
    if (std::exchange(ring_, false))
        output += '\a';
}

} // namespace iothreadd
