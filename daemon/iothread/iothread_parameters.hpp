// SPDX-License-Identifier: Apache-2.0
//
// IOThreadParameters: the numbers of an IOThread that can be changed while it runs, with their ranges and
// defaults in one table.
//
// Thread: any (a value).  Source: QEMU 11.1's iothread properties; poll defaults go back to NVMe measurements
// of 2016.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/iothread/cpu_affinity.hpp"
#include "daemon/util/result.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace iothreadd {

struct IOThreadParameters {
    std::int64_t poll_max_ns = 32768; ///< 0: never poll
    std::int64_t poll_grow = 0;       ///< 0: the policy's own
    std::int64_t poll_shrink = 0;     ///< 0: the policy's own
    std::int64_t poll_weight = 0;     ///< 0: the policy's own
    std::int64_t poll_latency_weight = 4;
    std::int64_t stall_limit_ns = 1'000'000'000; ///< 0: never tell
    std::int64_t aio_max_batch = 0;              ///< 0: the engine's own
    std::int64_t thread_pool_min = 0;
    std::int64_t thread_pool_max = 64;
    PollRule poll_policy = PollRule::weighted;
    CpuList cpu_affinity{}; ///< none: wherever the main thread may run

    /// The same with the policy's own values in place of the zeros that ask for them: what is read back.
    IOThreadParameters in_force() const;
    PollParameters poll() const;
    ThreadPoolLimits thread_pool() const;

    /// The rule that needs two values: 0 <= min <= max, 1 <= max, both at most INT_MAX.
    Result<void> check_thread_pool() const;

    bool operator==(const IOThreadParameters &) const = default;
};

/// One parameter as users know it.
struct IOThreadParameter {
    std::string_view name;
    std::int64_t IOThreadParameters::*value;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();

    /// Errors: GenericError with the range.
    Result<void> set(IOThreadParameters &parameters, std::int64_t value) const;
};

/// In the order in which they are listed.
std::span<const IOThreadParameter> iothread_parameter_table();

} // namespace iothreadd
