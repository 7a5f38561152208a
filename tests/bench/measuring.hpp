// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks of the event loop have in common: threads on CPUs of their own, CPU time, figures of
// several rounds, and the conditions that they were measured under.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace iothreadd::bench {

/// The loop and who raises its events do not share a CPU.
inline constexpr int kLoopCpu = 0;
inline constexpr int kProducerCpu = 1;

/// The calling thread runs there from now on.
void pin_to(int cpu);

/// CPU time of the calling thread.
std::int64_t thread_cpu_ns();

/// Of a list that is not empty.
double median(std::vector<double> values);

/// `MEDIAN [LEAST..MOST]`, aligned.
std::string with_spread(std::vector<double> values);

/// Kernel, CPUs and load, as a line.
void print_host();

} // namespace iothreadd::bench
