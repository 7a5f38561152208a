// SPDX-License-Identifier: Apache-2.0
//
// StallWatch: looks now and then, from the main thread, whether the callbacks of an IOThread take too long,
// so that one that never returns is told of, too. It looks while IOThreads have something to do; when all of
// them sleep it stops, and who wakes starts it again.
//
// Thread: main thread, except woke().
#pragma once

#include "daemon/aio/aio_timer.hpp"
#include "daemon/aio/bottom_half.hpp"

#include <atomic>
#include <cstdint>

namespace iothreadd {

class AioContext;
class IOThreadPool;

class StallWatch {
public:
    /// Between two looks: not less than that, and a half of the shortest limit.
    static constexpr std::int64_t kLeastIntervalNs = 10'000'000;

    StallWatch(AioContext &main_context, const IOThreadPool &pool);

    /// An IOThread woke up.  Thread: any.
    void woke() {
        if (!looking_.load(std::memory_order_relaxed) && !looking_.exchange(true, std::memory_order_relaxed))
            start_.schedule();
    }

private:
    void look();

    const IOThreadPool &pool_;
    std::atomic<bool> looking_{false}; // a pass that begins while it stops is told of when it has ended
    BottomHalf start_;
    AioTimer timer_;
};

} // namespace iothreadd
