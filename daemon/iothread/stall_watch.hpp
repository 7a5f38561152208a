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

    /// An IOThread with a limit woke up, and its callbacks can be seen.  Thread: any.
    void woke() {
        if (!looking_.load() && !looking_.exchange(true)) // pairs with look()
            start_.schedule();
    }

    /// A limit is new.
    void limits_changed() { start(); }

private:
    void start();
    void look();
    bool any_active() const;
    std::int64_t interval_ns() const;

    const IOThreadPool &pool_;
    std::atomic<bool> looking_{false};
    BottomHalf start_;
    AioTimer timer_;
};

} // namespace iothreadd
