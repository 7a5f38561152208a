// SPDX-License-Identifier: Apache-2.0
//
// On which CPUs a thread runs. The kernel takes away what the cgroup's cpuset does not allow, now and
// whenever that changes: what is in force is asked for, not remembered.
//
// Thread: any.  Source: sched_setaffinity(2), cpuset(7).
#pragma once

#include "daemon/util/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace iothreadd {

/// Numbers of CPUs.
using CpuList = std::vector<std::int64_t>;

inline constexpr std::int64_t kMaxCpu = 1023;

/// Let a thread of ours run on `cpus` only; none: wherever the main thread may.
/// Errors: `cpu-affinity value must be in range [0, 1023]`; none of them can be used. Then nothing changes.
Result<void> set_cpu_affinity(pid_t thread, const CpuList &cpus);

/// Where a thread may run; empty when it is gone.
CpuList cpu_affinity(pid_t thread);

} // namespace iothreadd
