// SPDX-License-Identifier: Apache-2.0
//
// LogPause: lets a line through once in a while, and counts the others.
//
// Thread: any one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace iothreadd {

class LogPause {
public:
    explicit LogPause(std::chrono::nanoseconds pause) : pause_(pause) {}

    /// Whether to log now; then how many were not logged since the last time.
    std::optional<std::uint64_t> admit() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) {
            ++skipped_;
            return std::nullopt;
        }
        next_ = now + pause_;
        return std::exchange(skipped_, 0);
    }

private:
    const std::chrono::nanoseconds pause_;
    std::chrono::steady_clock::time_point next_{};
    std::uint64_t skipped_ = 0;
};

} // namespace iothreadd
