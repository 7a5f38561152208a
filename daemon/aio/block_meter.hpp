// SPDX-License-Identifier: Apache-2.0
//
// BlockMeter: what it costs this loop to sleep and be woken, measured while it runs. CPU time is taken around
// one sleep in kSleepsPerSample, because asking for it costs half a microsecond itself. Latency is taken
// where it is known when the loop should have woken: at a timer's deadline, or when another thread notified.
// So that it is known where only descriptors end sleeps, too, one in kSleepsPerSample begins with an alarm.
//
// Measurements are cut to what any machine may show and averaged, so that one that another program spoilt
// changes little. Only short sleeps count: after a long one waking takes longer, but nobody spins that long.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/aio_parameters.hpp"

#include <cstdint>

namespace iothreadd {

class BlockMeter {
public:
    static constexpr unsigned kSleepsPerSample = 256;
    static constexpr unsigned kFirstSleeps = 16; ///< each of them is measured
    static constexpr std::int64_t kAlarmNs = 10'000;
    static constexpr std::int64_t kShortSleepNs = 200'000;

    struct Range {
        std::int64_t least, most;
    };
    static constexpr Range kCpuNs{1'000, 20'000};
    static constexpr Range kLatencyNs{500, 50'000};

    const BlockCost &cost() const { return cost_; }

    /// What is wanted of a sleep that begins.
    enum class Sample { nothing, cpu, latency };
    Sample next_sleep();

    void add_cpu(std::int64_t cpu_ns);
    /// The loop slept for `slept_ns`, and ran so long after it should have woken.
    void add_latency(std::int64_t latency_ns, std::int64_t slept_ns);

private:
    /// An average in which old measurements fade.
    class Average {
    public:
        void add(std::int64_t &average_ns, std::int64_t measured_ns, Range range);

    private:
        std::int64_t measured_ = 0; // how many, up to kMemory
    };
    static constexpr std::int64_t kMemory = 16;

    BlockCost cost_;
    Average cpu_, latency_;
    unsigned sleeps_ = 0;
};

} // namespace iothreadd
