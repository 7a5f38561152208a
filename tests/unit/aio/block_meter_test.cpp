// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/block_meter.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

TEST_CASE("BlockMeter: follows what it measures, slowly", "[aio][poller]") {
    BlockMeter meter;
    CHECK(meter.cost() == BlockCost{});
    meter.add_cpu(5500 + 1600);
    CHECK(meter.cost().cpu_ns == 5600);
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

TEST_CASE("BlockMeter: takes a sample now and then", "[aio][poller]") {
    BlockMeter meter;
    unsigned samples = 0;
    for (unsigned i = 0; i < 10 * BlockMeter::kSleepsPerSample; ++i)
        samples += meter.sample() ? 1 : 0;
    CHECK(samples == 10);
}
