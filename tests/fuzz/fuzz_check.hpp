// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz targets share: a check that ends the process, so that libFuzzer keeps the input, and the way
// an input says how its bytes arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

/// What libFuzzer, or replay_main.cpp, calls for each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace iothreadd::fuzz {

/// Give up if `condition` does not hold; `evidence` goes with it.
inline void check(bool condition, const char *what, std::string_view evidence = {}) {
    if (condition)
        return;
    std::fprintf(stderr, "violated: %s\n%.*s\n", what, static_cast<int>(evidence.size()), evidence.data());
    std::abort();
}

/// An input is one line of directions, then the bytes they are about.
struct Input {
    std::string_view directions;
    std::string_view bytes;
};

inline Input split_input(const std::uint8_t *data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char *>(data), size);
    const std::size_t end = all.find('\n');
    if (end == std::string_view::npos)
        return {all, {}};
    return {all.substr(0, end), all.substr(end + 1)};
}

/// The bytes that a letter stands for: a is 1, b is 2, ..., z is 26; capitals are 64 times as much.
inline std::size_t piece_bytes(char letter) {
    const auto number = static_cast<std::size_t>(letter & 0x1f);
    return (number == 0 ? 1 : number) * ((letter & 0x20) != 0 ? 1 : 64);
}

/// `bytes` in pieces as the letters say, again and again; in one piece if there are none.
inline std::vector<std::string_view> cut(std::string_view bytes, std::string_view letters) {
    if (letters.empty())
        return {bytes};
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; !bytes.empty(); ++i) {
        pieces.push_back(bytes.substr(0, piece_bytes(letters[i % letters.size()])));
        bytes.remove_prefix(pieces.back().size());
    }
    return pieces;
}

} // namespace iothreadd::fuzz
