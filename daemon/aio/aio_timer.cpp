// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_timer.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/run_meter.hpp"

#include <algorithm>
#include <limits>

namespace iothreadd {

void AioTimer::arm_at(std::int64_t deadline_ns) { context_.arm(*this, deadline_ns); }

void AioTimer::arm_after(std::int64_t delay_ns) {
    const std::int64_t now_ns = context_.now_ns();
    const std::int64_t limit_ns = std::numeric_limits<std::int64_t>::max() - now_ns;
    arm_at(now_ns + std::min(delay_ns, limit_ns));
}

void AioTimer::cancel() {
    set_hook_.unlink();
    due_hook_.unlink();
}

bool TimerList::insert(AioTimer &timer, std::int64_t deadline_ns) {
    timer.cancel();
    timer.deadline_ns_ = std::max<std::int64_t>(deadline_ns, 0);
    armed_.insert(timer); // behind its equals
    return &*armed_.begin() == &timer;
}

std::optional<std::int64_t> TimerList::deadline_ns() const {
    if (!due_.empty())
        return due_.front().deadline_ns_;
    if (!armed_.empty())
        return armed_.begin()->deadline_ns_;
    return std::nullopt;
}

/// A callback that runs the loop gets here again: the inner call goes on with the rest.
bool TimerList::run(std::int64_t now_ns, RunMeter &meter) {
    while (!armed_.empty() && armed_.begin()->deadline_ns_ <= now_ns) {
        AioTimer &timer = *armed_.begin();
        armed_.erase(armed_.begin());
        due_.push_back(timer);
    }
    bool progress = false;
    while (!due_.empty()) {
        AioTimer &timer = due_.front();
        due_.pop_front();
        meter.charge(timer.account_);
        timer.callback_();
        progress = true;
    }
    return progress;
}

} // namespace iothreadd
