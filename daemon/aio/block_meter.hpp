// SPDX-License-Identifier: Apache-2.0
//
// BlockMeter: what it costs this loop to sleep and be woken, measured while it runs. CPU time is taken around
// one sleep in kSleepsPerSample, because asking for it costs half a microsecond itself; latency is taken
// where it is known when the loop should have woken: at a timer's deadline, or when another thread notified.
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
    static constexpr std::int64_t kShortSleepNs = 200'000;

    struct Range {
        std::int64_t least, most;
    };
    static constexpr Range kCpuNs{1'000, 20'000};
    static constexpr Range kLatencyNs{500, 50'000};

    const BlockCost &cost() const { return cost_; }

    /// A sleep begins; true: its CPU time is wanted.
    bool sample() { return ++sleeps_ % kSleepsPerSample == 0; }
    void add_cpu(std::int64_t cpu_ns);
    /// The loop slept for `slept_ns`, and ran so long after it should have woken.
    void add_latency(std::int64_t latency_ns, std::int64_t slept_ns);

private:
    BlockCost cost_;
    unsigned sleeps_ = 0;
};

} // namespace iothreadd
