// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/cpu_affinity.hpp"

#include <fmt/ranges.h>

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace iothreadd {

static_assert(kMaxCpu == CPU_SETSIZE - 1);

Result<void> set_cpu_affinity(pid_t thread, const CpuList &cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const std::int64_t cpu : cpus) {
        if (cpu < 0 || cpu > kMaxCpu)
            return generic_error("cpu-affinity value must be in range [0, {}]", kMaxCpu);
        CPU_SET(static_cast<std::size_t>(cpu), &set);
    }
    const bool inherits = cpus.empty() && ::sched_getaffinity(::getpid(), sizeof(set), &set) == 0;
    if (::sched_setaffinity(thread, sizeof(set), &set) == 0)
        return {};
    if (errno == EINVAL && !inherits)
        return generic_error("cpu-affinity: this program can use none of the CPUs {}", fmt::join(cpus, ", "));
    return generic_error("cpu-affinity: {}", std::generic_category().message(errno));
}

CpuList cpu_affinity(pid_t thread) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CpuList cpus;
    if (::sched_getaffinity(thread, sizeof(set), &set) == 0)
        for (std::int64_t cpu = 0; cpu <= kMaxCpu; ++cpu)
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &set))
                cpus.push_back(cpu);
    return cpus;
}

} // namespace iothreadd
