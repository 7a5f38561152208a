// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measuring.hpp"

#include "daemon/aio/clock.hpp"

#include <fmt/format.h>

#include <pthread.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

namespace iothreadd::bench {

void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) != 0)
        fmt::print(stderr, "cannot use CPU {}\n", cpu);
}

std::int64_t thread_cpu_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * kNsPerSecond + used.tv_nsec;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::string with_spread(std::vector<double> values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return fmt::format("{:>6.0f} [{:>5.0f}..{:>6.0f}]", median(values), *least, *most);
}

void print_host() {
    utsname host{};
    ::uname(&host);
    std::string line, model = "unknown CPU";
    for (std::ifstream cpuinfo{"/proc/cpuinfo"}; std::getline(cpuinfo, line);) {
        if (line.starts_with("model name"))
            model = line.substr(line.find(':') + 2);
    }
    std::string load;
    std::ifstream loadavg{"/proc/loadavg"};
    std::getline(loadavg, load);
    fmt::print("{} {}, {} x {}, load {}\n\n", host.sysname, host.release, std::thread::hardware_concurrency(),
               model, load);
}

} // namespace iothreadd::bench
