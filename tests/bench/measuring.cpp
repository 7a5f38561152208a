// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measuring.hpp"

#include "daemon/aio/clock.hpp"

#include <fmt/format.h>

#include <pthread.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <thread>

namespace iothreadd::bench {
namespace {

void run_on(std::initializer_list<int> cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : cpus)
        CPU_SET(cpu, &set);
    if (::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) != 0)
        fmt::print(stderr, "cannot use CPU {}\n", *cpus.begin());
}

struct Range {
    double least, middle, most;
};

Range range_of(const std::vector<double> &values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return {*least, median(values), *most};
}

} // namespace

void pin_to(int cpu) { run_on({cpu}); }

void stay_on_two_cpus() { run_on({kLoopCpu, kProducerCpu}); }

std::int64_t thread_cpu_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * kNsPerSecond + used.tv_nsec;
}

double latency_ns(std::int64_t now_ns, std::int64_t raised_ns) {
    return static_cast<double>(std::max<std::int64_t>(0, now_ns - raised_ns));
}

void spin_until(std::int64_t due_ns) {
    while (monotonic_ns() < due_ns) {
    }
}

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

double percentile(std::vector<double> values, double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::min(rank, values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

double geometric_mean(const std::vector<double> &values) {
    double sum = 0;
    for (const double value : values)
        sum += std::log(value);
    return std::exp(sum / static_cast<double>(values.size()));
}

std::string with_spread(const std::vector<double> &values) {
    const auto [least, middle, most] = range_of(values);
    return fmt::format("{:>6.0f} [{:>5.0f}..{:>6.0f}]", middle, least, most);
}

std::string ratio_with_spread(const std::vector<double> &values) {
    const auto [least, middle, most] = range_of(values);
    return fmt::format("{:>4.2f} [{:.2f}..{:.2f}]", middle, least, most);
}

std::string verdict(std::string_view claim, bool holds) {
    return fmt::format("{}: {}", claim, holds ? "yes" : "no");
}

Host host() {
    utsname system{};
    ::uname(&system);
    Host found{.kernel = fmt::format("{} {}", system.sysname, system.release),
               .model = "unknown CPU",
               .load = {},
               .cpus = std::thread::hardware_concurrency()};
    std::string line;
    for (std::ifstream cpuinfo{"/proc/cpuinfo"}; std::getline(cpuinfo, line);) {
        if (line.starts_with("model name"))
            found.model = line.substr(line.find(':') + 2);
    }
    std::ifstream loadavg{"/proc/loadavg"};
    std::getline(loadavg, found.load);
    return found;
}

void print_host() {
    const Host found = host();
    fmt::print("{}, {} x {}, load {}\n\n", found.kernel, found.cpus, found.model, found.load);
}

} // namespace iothreadd::bench
