// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/block_meter.hpp"

#include <algorithm>

namespace iothreadd {

namespace {

/// A sixteenth of each new measurement.
void mix_in(std::int64_t &average_ns, std::int64_t measured_ns, BlockMeter::Range range) {
    average_ns += (std::clamp(measured_ns, range.least, range.most) - average_ns) / 16;
}

} // namespace

void BlockMeter::add_cpu(std::int64_t cpu_ns) { mix_in(cost_.cpu_ns, cpu_ns, kCpuNs); }

void BlockMeter::add_latency(std::int64_t latency_ns, std::int64_t slept_ns) {
    if (latency_ns >= 0 && slept_ns <= kShortSleepNs)
        mix_in(cost_.latency_ns, latency_ns, kLatencyNs);
}

} // namespace iothreadd
