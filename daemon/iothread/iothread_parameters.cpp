// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_parameters.hpp"

#include <climits>

namespace iothreadd {
namespace {

constexpr IOThreadParameter kTable[] = {
    {"poll-max-ns", &IOThreadParameters::poll_max_ns},
    {"poll-grow", &IOThreadParameters::poll_grow},
    {"poll-shrink", &IOThreadParameters::poll_shrink},
    {"poll-weight", &IOThreadParameters::poll_weight, 63},
    {"poll-latency-weight", &IOThreadParameters::poll_latency_weight, 1000},
    {"stall-limit-ns", &IOThreadParameters::stall_limit_ns},
    {"aio-max-batch", &IOThreadParameters::aio_max_batch},
    {"thread-pool-min", &IOThreadParameters::thread_pool_min},
    {"thread-pool-max", &IOThreadParameters::thread_pool_max},
};

} // namespace

IOThreadParameters IOThreadParameters::in_force() const {
    IOThreadParameters in_force = *this;
    const PollParameters resolved = poll().resolved();
    in_force.poll_grow = resolved.grow;
    in_force.poll_shrink = resolved.shrink;
    in_force.poll_weight = resolved.weight;
    return in_force;
}

PollParameters IOThreadParameters::poll() const {
    return {.rule = poll_policy,
            .max_ns = poll_max_ns,
            .grow = poll_grow,
            .shrink = poll_shrink,
            .weight = poll_weight,
            .latency_weight = poll_latency_weight};
}

ThreadPoolLimits IOThreadParameters::thread_pool() const {
    return {.min = static_cast<int>(thread_pool_min), .max = static_cast<int>(thread_pool_max)};
}

Result<void> IOThreadParameters::check_thread_pool() const {
    if (thread_pool_min > thread_pool_max || thread_pool_max < 1 || thread_pool_max > INT_MAX)
        return generic_error("bad thread-pool-min/thread-pool-max values");
    return {};
}

Result<void> IOThreadParameter::set(IOThreadParameters &parameters, std::int64_t new_value) const {
    if (new_value < 0 || new_value > max)
        return generic_error("{} value must be in range [0, {}]", name, max);
    parameters.*value = new_value;
    return {};
}

std::span<const IOThreadParameter> iothread_parameter_table() { return kTable; }

} // namespace iothreadd
