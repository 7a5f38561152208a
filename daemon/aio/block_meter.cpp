// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/block_meter.hpp"

#include <algorithm>

namespace iothreadd {

BlockMeter::Sample BlockMeter::next_sleep() {
    const unsigned sleep = sleeps_++;
    if (sleep < kFirstSleeps)
        return sleep % 2 == 0 ? Sample::latency : Sample::cpu;
    if (sleep % kSleepsPerSample == 0)
        return Sample::cpu;
    return sleep % kSleepsPerSample == kSleepsPerSample / 2 ? Sample::latency : Sample::nothing;
}

void BlockMeter::add_cpu(std::int64_t cpu_ns) { cpu_.add(cost_.cpu_ns, cpu_ns, kCpuNs); }

void BlockMeter::add_latency(std::int64_t latency_ns, std::int64_t slept_ns) {
    if (latency_ns >= 0 && slept_ns <= kShortSleepNs)
        latency_.add(cost_.latency_ns, latency_ns, kLatencyNs);
}

/// The first measurement replaces what was assumed.
void BlockMeter::Average::add(std::int64_t &average_ns, std::int64_t measured_ns, Range range) {
    measured_ = std::min(measured_ + 1, kMemory);
    average_ns += (std::clamp(measured_ns, range.least, range.most) - average_ns) / measured_;
}

} // namespace iothreadd
