// SPDX-License-Identifier: Apache-2.0
//
// The one clock of an event loop: CLOCK_MONOTONIC in signed 64-bit nanoseconds, so that deadlines, budgets
// and waits are plain numbers. A test gives its AioContext another one instead of sleeping.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <ctime>

namespace iothreadd {

/// Reads a clock, in nanoseconds since a fixed point.
using Clock = std::int64_t (*)();

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

inline std::int64_t monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now); // vDSO: about 30 ns
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

} // namespace iothreadd
