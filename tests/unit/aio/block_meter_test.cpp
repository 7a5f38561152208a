// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/block_meter.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

TEST_CASE("BlockMeter: follows what it measures, slowly", "[aio][poller]") {
    BlockMeter meter;
    CHECK(meter.cost() == BlockCost{});
    meter.add_cpu(4000); // the first one counts for all
    CHECK(meter.cost().cpu_ns == 4000);
    meter.add_cpu(6000);
    CHECK(meter.cost().cpu_ns == 5000);
    for (int i = 0; i < 200; ++i) {
        meter.add_cpu(3000);
        meter.add_latency(9000, 50'000);
    }
    CHECK(std::abs(meter.cost().cpu_ns - 3000) < 20);
    CHECK(std::abs(meter.cost().latency_ns - 9000) < 20);
}

TEST_CASE("BlockMeter: believes no machine to be better or worse than all others", "[aio][poller]") {
    BlockMeter meter;
    for (int i = 0; i < 1000; ++i) {
        meter.add_cpu(1'000'000'000);
        meter.add_latency(1'000'000'000, 50'000);
    }
    CHECK(meter.cost().cpu_ns <= BlockMeter::kCpuNs.most);
    CHECK(meter.cost().latency_ns <= BlockMeter::kLatencyNs.most);
    for (int i = 0; i < 1000; ++i) {
        meter.add_cpu(0);
        meter.add_latency(0, 50'000);
    }
    CHECK(meter.cost().cpu_ns >= BlockMeter::kCpuNs.least);
    CHECK(meter.cost().latency_ns >= BlockMeter::kLatencyNs.least);
}

TEST_CASE("BlockMeter: long sleeps and impossible times do not count", "[aio][poller]") {
    BlockMeter meter;
    meter.add_latency(20'000, BlockMeter::kShortSleepNs + 1);
    meter.add_latency(-1, 1000);
    CHECK(meter.cost() == BlockCost{});
}

TEST_CASE("BlockMeter: samples the first sleeps, and then one now and then", "[aio][poller]") {
    BlockMeter meter;
    unsigned cpu = 0, latency = 0;
    const auto sleep = [&](unsigned times) {
        cpu = latency = 0;
        for (unsigned i = 0; i < times; ++i) {
            const BlockMeter::Sample sample = meter.next_sleep();
            cpu += sample == BlockMeter::Sample::cpu ? 1 : 0;
            latency += sample == BlockMeter::Sample::latency ? 1 : 0;
        }
    };
    sleep(BlockMeter::kFirstSleeps);
    CHECK(cpu == BlockMeter::kFirstSleeps / 2);
    CHECK(latency == BlockMeter::kFirstSleeps / 2);
    sleep(10 * BlockMeter::kSleepsPerSample);
    CHECK(cpu == 10);
    CHECK(latency == 10);
}
