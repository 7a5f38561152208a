// SPDX-License-Identifier: Apache-2.0
//
// AioWaiter: how an event loop waits. It spins as long as its policy allows, if nobody else wants the CPU;
// then it announces itself, leaves poll mode and sleeps; and it measures what both cost.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/adaptive_poller.hpp"
#include "daemon/aio/aio_stats.hpp"
#include "daemon/aio/block_meter.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/cpu_crowd.hpp"
#include "daemon/aio/poll_mode.hpp"
#include "daemon/aio/spin_backoff.hpp"

#include <cstdint>

namespace iothreadd {

class AioAccount;
class FdEvents;
class FdMonitor;
class Notifier;

class AioWaiter {
public:
    /// What it works with; all outlive it.
    struct Parts {
        Clock clock;
        AioCounters &counters;
        FdEvents &events;
        FdMonitor &monitor;
        Notifier &notifier;
        bool yields; ///< whether spinning gives way to others
    };

    /// How a wait went.
    struct Waited {
        std::int64_t start_ns = 0; ///< 0: polling is not enabled
        std::int64_t end_ns = 0;
        std::int64_t spun_ns = 0;
        bool hit = false;   ///< spinning ended with work
        bool slept = false; ///< in the kernel
    };

    AioWaiter(const Parts &parts, const PollParameters &parameters);
    AioWaiter(const AioWaiter &) = delete;
    AioWaiter &operator=(const AioWaiter &) = delete;

    /// One pass's wait, for at most `timeout_ns` (0: not at all; FdMonitor::kForever): what is there
    /// afterwards is in FdEvents.
    Waited wait(std::int64_t timeout_ns);

    /// What a wait ended with has been dispatched, and `served` was the first to be called back (null: no
    /// user).
    void observe(const Waited &waited, AioAccount *served);

    /// Take new parameters; what was learnt is forgotten.
    void set_parameters(const PollParameters &parameters);

    bool enabled() const { return poller_.enabled(); }

    /// `source` had an event in this pass.
    void fired(PollSource &source) { poller_.fired(source); }
    void forget(PollSource &source) { poller_.forget(source); }
    PollMode &poll_mode() { return poll_mode_; }

    /// A handler without a probe came or went.
    void add_plain_handlers(int count) { plain_handlers_ += count; }

private:
    std::int64_t gap_before_waking(const Waited &waited) const;
    bool may_spin(std::int64_t now_ns);
    std::int64_t spin(std::int64_t timeout_ns, Waited &waited);
    bool spin_for(std::int64_t budget_ns, Waited &waited);
    bool look(unsigned round);
    void probe_while_busy();
    bool must_look();
    bool sleep(std::int64_t timeout_ns);
    void block(std::int64_t timeout_ns);
    void block_once(std::int64_t timeout_ns);
    std::int64_t try_alarm(std::int64_t timeout_ns);
    void note_latency(std::int64_t latency_ns, std::int64_t slept_ns);
    void publish_block_cost();

    const Clock clock_;
    const bool yields_;
    AioCounters &counters_;
    FdEvents &events_;
    FdMonitor &monitor_;
    Notifier &notifier_;

    AdaptivePoller poller_;
    PollMode poll_mode_;
    BlockMeter meter_;
    SpinBackoff backoff_;
    CpuPresence presence_;
    int plain_handlers_ = 0;  // without a probe
    int busy_passes_ = 0;     // in poll mode, since the last probe
    int unlooked_passes_ = 0; // since the monitor last looked, if that takes a system call
};

} // namespace iothreadd
