// SPDX-License-Identifier: Apache-2.0
//
// RunMeter: for whom an event loop runs, and for how long. Work belongs to the account of whoever started it:
// what a callback adds, submits, schedules or arms is charged where the callback itself was. So only the
// first step of a user's work has to name its account (AioContext::post_for()), and who continues somebody
// else's work (BottomHalfNode::set_payer()).
//
// The clock is read where the account changes and when a pass is over, not around each callback.
//
// Thread: home thread only, except running().
#pragma once

#include "daemon/aio/aio_account.hpp"
#include "daemon/aio/clock.hpp"

#include <atomic>
#include <cstdint>

namespace iothreadd {

class RunMeter {
public:
    /// What the loop is doing, as others see it.
    struct Running {
        std::int64_t since_ns;     ///< when the callbacks of this pass began; 0: it waits
        const AioAccount *account; ///< whose turn it is; to be compared only
    };

    /// What the callbacks of a pass took.
    struct Run {
        std::int64_t ns = 0;
        std::int64_t end_ns = 0;
        AioAccount *first = nullptr;         ///< the first user served; null: none
        const AioAccount *longest = nullptr; ///< the user who ran longest without a break; null: none
    };

    explicit RunMeter(Clock clock) : clock_(clock) {}
    RunMeter(const RunMeter &) = delete;
    RunMeter &operator=(const RunMeter &) = delete;

    /// Who pays for what is started now; the loop's own account outside of callbacks.
    AioAccount &current() { return *current_.load(std::memory_order_relaxed); }

    /// The callbacks of a pass begin.
    void begin(std::int64_t now_ns);
    /// A callback follows; null: the loop's own.
    void charge(AioAccount *account);
    Run end();

    // Around a pass inside of a callback, which then goes on: the pass's waiting is nobody's run.
    AioAccount &suspend();
    void begin_inner(std::int64_t now_ns);
    void resume(AioAccount &account) { switch_to(account); }

    /// Any thread.
    Running running() const { return {since_ns_.load(), current_.load(std::memory_order_relaxed)}; }

private:
    void switch_to(AioAccount &account);

    const Clock clock_;
    AioAccount own_;
    std::atomic<AioAccount *> current_{&own_};
    std::int64_t began_ns_ = 0;             // the callbacks of this pass, without waits inside of them
    std::atomic<std::int64_t> since_ns_{0}; // the same for others; 0: it waits
    std::int64_t charged_until_ns_ = 0;
    std::int64_t longest_ns_ = 0; // in this pass
    Run run_;
};

} // namespace iothreadd
