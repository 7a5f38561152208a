// SPDX-License-Identifier: Apache-2.0
//
// PollReport: what poll_bench measured, as tables for people and as a file for poll_plot.py.
#pragma once

#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace iothreadd::bench {

/// What became of one trace.
struct TraceFigures {
    std::string name;
    std::size_t events;
    std::vector<Rounds> rounds; ///< setting by setting
};

/// The settings that poll_bench compares.
inline constexpr Setting kPollSettings[] = {kOff, kClassic, kWeighted, kPredictive};
inline constexpr std::size_t kPollReference = 2; ///< ratios are against this one
inline constexpr std::size_t kPollClaimant = 3;  ///< which is expected to be better

void print_trace(const TraceFigures &trace);

/// Every setting against the reference, and what is expected of the claimant.
void print_ratios(std::span<const TraceFigures> traces);

/// Write all rounds, in JSON: `{ "host": ..., "ms": ..., "rounds": ..., "traces": [ { "name", "events",
/// "policies": { NAME: [ { "cpu_ns", "mean_ns", "p99_ns", "polled_percent" } ... ] } } ] }`. False: it could
/// not be written.
bool write_json(const CommandLine &command, std::span<const TraceFigures> traces);

} // namespace iothreadd::bench
