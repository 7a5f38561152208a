// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/stall_watch.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"

#include <algorithm>
#include <limits>

namespace iothreadd {

StallWatch::StallWatch(AioContext &main_context, const IOThreadPool &pool)
    : pool_(pool), start_(main_context, [this] { start(); }), timer_(main_context, [this] { look(); }) {}

void StallWatch::start() {
    looking_.store(true);
    timer_.arm_after(interval_ns());
}

void StallWatch::look() {
    if (any_active())
        return start();
    looking_.store(false); // who wakes from now on starts it again; who woke before is seen by one more look
    if (any_active())
        start();
}

bool StallWatch::any_active() const {
    bool active = false;
    for (IOThread *const iothread : pool_.iothreads())
        active |= iothread->parameters().stall_limit_ns != 0 && iothread->look_for_stall();
    return active;
}

std::int64_t StallWatch::interval_ns() const {
    std::int64_t shortest_ns = std::numeric_limits<std::int64_t>::max();
    for (const IOThread *const iothread : pool_.iothreads())
        if (const std::int64_t limit_ns = iothread->parameters().stall_limit_ns; limit_ns != 0)
            shortest_ns = std::min(shortest_ns, limit_ns);
    return std::max(shortest_ns / 2, kLeastIntervalNs);
}

} // namespace iothreadd
