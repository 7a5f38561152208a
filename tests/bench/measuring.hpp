// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks of the event loop have in common: threads on CPUs of their own, CPU time, figures of
// several rounds, and the conditions that they were measured under.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::bench {

/// The loop and who raises its events do not share a CPU.
inline constexpr int kLoopCpu = 0;
inline constexpr int kProducerCpu = 1;

/// The calling thread runs there from now on.
void pin_to(int cpu);

/// The calling thread, and those it starts, run on the loop's and the producer's CPU from now on.
void stay_on_two_cpus();

/// CPU time of the calling thread.
std::int64_t thread_cpu_ns();

/// From when an event was raised to `now_ns`, which a handler took before it looked: 0 if that was earlier.
double latency_ns(std::int64_t now_ns, std::int64_t raised_ns);

/// Without sleeping, which would be late.
void spin_until(std::int64_t due_ns);

/// Of a list that is not empty.
double median(std::vector<double> values);

/// The smallest value that is not below a share of them; 0.99 gives the 99th percentile. Not empty.
double percentile(std::vector<double> values, double share);

double geometric_mean(const std::vector<double> &values);

/// `MEDIAN [LEAST..MOST]`, aligned.
std::string with_spread(const std::vector<double> &values);

/// The same for ratios: two digits behind the point.
std::string ratio_with_spread(const std::vector<double> &values);

/// `CLAIM: yes` or `CLAIM: no`.
std::string verdict(std::string_view claim, bool holds);

/// What the figures depend on.
struct Host {
    std::string kernel, model, load;
    unsigned cpus = 0;
};

Host host();

/// Kernel, CPUs and load, as a line.
void print_host();

} // namespace iothreadd::bench
