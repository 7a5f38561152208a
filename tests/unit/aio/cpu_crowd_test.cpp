// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/cpu_crowd.hpp"

#include <catch2/catch.hpp>

#include <sched.h>

#include <optional>
#include <thread>

using namespace iothreadd;

namespace {

/// Let the calling thread run on one CPU only.
void use_one_cpu() {
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        REQUIRE(::sched_setaffinity(0, sizeof set, &set) == 0);
        return;
    }
}

} // namespace

TEST_CASE("CpuCrowd: is too large when more are awake than there are CPUs", "[aio][poller]") {
    CpuCrowd crowd{2};
    crowd.add(2);
    CHECK(!crowd.too_large());
    crowd.add(1);
    CHECK(crowd.too_large());
    crowd.add(-1);
    CHECK(!crowd.too_large());
}

TEST_CASE("CpuCrowd: knows the CPUs of a thread and of the process", "[aio][poller]") {
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    const auto ours = CpuCrowd::of_this_thread();
    CHECK(ours->cpus() == CPU_COUNT(&set));
    CHECK(CpuCrowd::of_process().cpus() <= CPU_COUNT(&set));
    CHECK(CpuCrowd::of_this_thread() == ours);
}

TEST_CASE("CpuPresence: counts a loop once while it is awake", "[aio][poller]") {
    std::thread{[] {
        use_one_cpu();
        const auto crowd = CpuCrowd::of_this_thread();
        const int process_before = CpuCrowd::of_process().awake();
        std::optional<CpuPresence> presence;
        presence.emplace();
        CHECK(crowd->awake() == 0);
        presence->wake();
        presence->wake();
        CHECK(crowd->awake() == 1);
        CHECK(CpuCrowd::of_process().awake() == process_before + 1);
        CHECK(!presence->crowded());
        crowd->add(1);
        CHECK(presence->crowded());
        crowd->add(-1);
        presence->sleep();
        presence->sleep();
        CHECK(crowd->awake() == 0);
        presence->wake();
        presence.reset(); // a loop that ends is not awake
        CHECK(crowd->awake() == 0);
        CHECK(CpuCrowd::of_process().awake() == process_before);
    }}.join();
}

TEST_CASE("CpuPresence: moves to another crowd with its thread", "[aio][poller]") {
    if (std::thread::hardware_concurrency() < 2)
        return;
    std::thread{[] {
        CpuPresence presence;
        presence.wake();
        const auto before = CpuCrowd::of_this_thread();
        const int awake = before->awake();
        use_one_cpu();
        CHECK(before->awake() == awake); // it does not know yet
        presence.refresh();
        CHECK(before->awake() == awake - 1);
        CHECK(CpuCrowd::of_this_thread()->awake() == 1);
    }}.join();
}
