// SPDX-License-Identifier: Apache-2.0
//
// AioTimer: calls back once at a time of CLOCK_MONOTONIC. Never early; timers of the same instant run in the
// order in which they were armed. One that arms itself again runs in a later pass, also if its time has
// passed already, which bounds each pass.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/callback.hpp"
#include "daemon/aio/intrusive.hpp"

#include <boost/intrusive/set.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace iothreadd {

class AioAccount;
class AioContext;
class RunMeter;

class AioTimer {
public:
    template <class F>
    AioTimer(AioContext &context, F fn) : context_(context), callback_(std::move(fn)) {}
    AioTimer(const AioTimer &) = delete;
    AioTimer &operator=(const AioTimer &) = delete;
    ~AioTimer() { cancel(); } ///< inside its own callback too; after the context only if not armed

    /// Call back at `deadline_ns` of the context's clock; an earlier arming is replaced.
    void arm_at(std::int64_t deadline_ns);
    void arm_after(std::int64_t delay_ns);
    void cancel();

    bool armed() const { return set_hook_.is_linked() || due_hook_.is_linked(); }

private:
    friend class AioContext;
    friend class TimerList;
    using SetHook =
        boost::intrusive::set_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    AioContext &context_;
    Callback callback_;
    std::int64_t deadline_ns_ = 0;
    AioAccount *account_ = nullptr; // who pays for the callback
    SetHook set_hook_;
    AutoHook due_hook_;
};

/// The armed timers of one context, sorted.
class TimerList {
public:
    TimerList() = default;
    TimerList(const TimerList &) = delete;
    TimerList &operator=(const TimerList &) = delete;

    /// True: it is now the earliest.
    bool insert(AioTimer &timer, std::int64_t deadline_ns);

    bool empty() const { return armed_.empty() && due_.empty(); }

    /// When the earliest is due.
    std::optional<std::int64_t> deadline_ns() const;

    /// Run those due at `now_ns`, and charge who pays; true: some ran.
    bool run(std::int64_t now_ns, RunMeter &meter);

private:
    struct Earlier {
        bool operator()(const AioTimer &a, const AioTimer &b) const {
            return a.deadline_ns_ < b.deadline_ns_;
        }
    };

    boost::intrusive::multiset<
        AioTimer, boost::intrusive::compare<Earlier>,
        boost::intrusive::member_hook<AioTimer, AioTimer::SetHook, &AioTimer::set_hook_>,
        boost::intrusive::constant_time_size<false>>
        armed_;
    AutoList<AioTimer, &AioTimer::due_hook_> due_; // expired, not called yet
};

} // namespace iothreadd
