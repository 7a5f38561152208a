// SPDX-License-Identifier: Apache-2.0
//
// Comparison: settings of an event loop against each other. They take turns, round by round, so that whatever
// disturbs one disturbs the others, too; ratios are formed round by round for the same reason.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/fd_monitor.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace iothreadd::bench {

struct Setting {
    const char *name;
    PollParameters parameters;
};

inline constexpr Setting kOff{"off", {.max_ns = 0}};
inline constexpr Setting kClassic{"classic", {.rule = PollRule::classic}};
inline constexpr Setting kWeighted{"weighted", {.rule = PollRule::weighted}};
inline constexpr Setting kPredictive{"predictive", {.rule = PollRule::predictive}};

/// What one setting came to in one round. Times are nanoseconds; latency is from before an event is raised to
/// inside its handler.
struct Figures {
    double cpu_ns = 0; ///< of the loop's thread, per event
    double mean_ns = 0, p50_ns = 0, p99_ns = 0;
    double polled_percent = 0;  ///< share of the events that ended a spin
    double per_second = 0;      ///< of what the benchmark counts
    double yielded_percent = 0; ///< waits that did not spin because others wanted the CPU, of all events
    double others_percent = 0;  ///< CPU time that other threads had, of all there was

    /// Mean and percentiles of a list that is not empty.
    void set_latencies(const std::vector<double> &latencies_ns);
};

/// One setting's rounds.
using Rounds = std::vector<Figures>;

/// Measure each setting `rounds` times, in turns; the first goes first in the first round, the second in the
/// second. Warms up with the first before.
std::vector<Rounds> take_turns(std::span<const Setting> settings, int rounds,
                               const std::function<Figures(const Setting &)> &measure);

std::vector<double> values(const Rounds &rounds, double Figures::*value);

/// Round by round.
std::vector<double> ratios(const Rounds &ours, const Rounds &reference, double Figures::*value);

/// What this machine has: epoll, and io_uring if the kernel lets us.
std::vector<FdMonitorKind> fd_monitors();

const char *name_of(FdMonitorKind kind);

} // namespace iothreadd::bench
