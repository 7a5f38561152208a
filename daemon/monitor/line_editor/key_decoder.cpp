// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/line_editor/key_decoder.hpp"

#include "daemon/monitor/line_editor/terminal_text.hpp"

#include <string_view>
#include <utility>

namespace iothreadd {

namespace {

constexpr char kEscape = '\x1B';

/// Without ESC [ or ESC O: both are in use for the same keys.
struct Sequence {
    std::string_view parameters;
    char last;
    Key key;
};

constexpr Sequence kSequences[] = {
    {"", 'A', Key::older},        {"", 'B', Key::newer},         {"", 'C', Key::right},
    {"", 'D', Key::left},         {"", 'H', Key::line_start},    {"1", '~', Key::line_start},
    {"7", '~', Key::line_start},  {"", 'F', Key::line_end},      {"4", '~', Key::line_end},
    {"8", '~', Key::line_end},    {"3", '~', Key::erase_right},  {"1;5", 'C', Key::word_right}, // Ctrl
    {"1;5", 'D', Key::word_left}, {"1;3", 'C', Key::word_right},                                // Alt
    {"1;3", 'D', Key::word_left},
};
constexpr std::size_t kLongestParameters = 3;

Key find_sequence(std::string_view parameters, char last) {
    for (const Sequence &sequence : kSequences)
        if (sequence.parameters == parameters && sequence.last == last)
            return sequence.key;
    return Key::none;
}

// clang-format off
constexpr Key kControls[0x20] = { // Ctrl with:
    Key::none,         Key::line_start,         Key::left,        Key::interrupt,       // @ A B C
    Key::erase_right,  Key::line_end,           Key::right,       Key::give_up,         // D E F G
    Key::erase_left,   Key::complete,           Key::enter,       Key::kill_to_end,     // H I J K
    Key::clear_screen, Key::enter,              Key::newer,       Key::none,            // L M N O
    Key::older,        Key::none,               Key::search,      Key::none,            // P Q R S
    Key::transpose,    Key::kill_to_start,      Key::none,        Key::kill_field_left, // T U V W
    Key::none,         Key::yank,               Key::none,        Key::escape,          // X Y Z [
};
// clang-format on

Key alt_key(char lower_case) {
    switch (lower_case) {
    case 'b':
        return Key::word_left;
    case 'f':
        return Key::word_right;
    case 'd':
        return Key::kill_word_right;
    default:
        return Key::none;
    }
}

/// 0: none begins like this.
constexpr std::size_t bytes_of_character(unsigned char first) {
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

constexpr bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7F; }

} // namespace

Key KeyDecoder::decode(char next) {
    const auto byte = static_cast<unsigned char>(next);
    if (std::exchange(after_cr_, byte == '\r') && byte == '\n')
        return Key::none;
    if (is_control(byte))
        return control(byte);
    switch (state_) {
    case State::ground:
        return character(byte);
    case State::escape:
        return after_escape(byte);
    case State::sequence:
        return in_sequence(byte);
    case State::console_key:
        state_ = State::ground;
        return Key::none;
    case State::string:
        return Key::none;
    }
    return Key::none;
}

Key KeyDecoder::control(unsigned char byte) {
    const State state = std::exchange(state_, byte == kEscape ? State::escape : State::ground);
    missing_ = 0;
    if (state == State::escape && (byte == 0x08 || byte == 0x7F))
        return Key::kill_word_left;
    if (state == State::string && byte == 0x07)
        return Key::none;
    return byte == 0x7F ? Key::erase_left : kControls[byte];
}

Key KeyDecoder::after_escape(unsigned char byte) {
    state_ = State::ground;
    if (byte == '[' || byte == 'O') {
        state_ = State::sequence;
        parameters_.clear();
    } else if (byte == ']') {
        state_ = State::string;
    } else if (byte >= 0x80) {
        character(byte);
        with_alt_ = true;
    }
    return alt_key(static_cast<char>(byte | 0x20U));
}

Key KeyDecoder::in_sequence(unsigned char byte) {
    if (byte >= 0x80) { // cannot be part of it
        state_ = State::ground;
        return character(byte);
    }
    if (byte < 0x40) { // parameters and intermediates
        if (parameters_.size() <= kLongestParameters)
            parameters_.push_back(static_cast<char>(byte));
        return Key::none;
    }
    const bool console_key = byte == '[' && parameters_.empty();
    state_ = console_key ? State::console_key : State::ground;
    return find_sequence(parameters_, static_cast<char>(byte));
}

Key KeyDecoder::character(unsigned char byte) {
    const bool continues = (byte & 0xC0U) == 0x80U;
    if (continues && missing_ == 0)
        return Key::none;
    if (!continues) {
        text_.clear();
        with_alt_ = false;
        missing_ = bytes_of_character(byte);
        if (missing_ == 0)
            return Key::none;
    }
    text_.push_back(static_cast<char>(byte));
    if (--missing_ > 0)
        return Key::none;
    return !with_alt_ && is_typeable(text_) ? Key::text : Key::none;
}

} // namespace iothreadd
