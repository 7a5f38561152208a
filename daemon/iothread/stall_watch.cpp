// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/stall_watch.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"

#include <algorithm>
#include <limits>

namespace iothreadd {

StallWatch::StallWatch(AioContext &main_context, const IOThreadPool &pool)
    : pool_(pool), start_(main_context, [this] { look(); }), timer_(main_context, [this] { look(); }) {}

void StallWatch::look() {
    bool any_active = false;
    std::int64_t shortest_ns = std::numeric_limits<std::int64_t>::max();
    for (IOThread *const iothread : pool_.iothreads()) {
        const std::int64_t limit_ns = iothread->parameters().stall_limit_ns;
        if (limit_ns == 0)
            continue;
        any_active |= iothread->look_for_stall();
        shortest_ns = std::min(shortest_ns, limit_ns);
    }
    if (any_active)
        timer_.arm_after(std::max(shortest_ns / 2, kLeastIntervalNs));
    else
        looking_.store(false, std::memory_order_relaxed);
}

} // namespace iothreadd
