// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/poll_mode.hpp"

#include "daemon/aio/fd_events.hpp"

#include <cassert>

namespace iothreadd {

/// Call `visit(handler)` for each handler; true: some call returned true. Handlers may go away meanwhile.
template <class Visit>
bool PollMode::walk(Visit visit) {
    return walk_while([](const AioHandler &) { return true; }, visit);
}

/// The same up to the first that is not `wanted(handler)`.
template <class Wanted, class Visit>
bool PollMode::walk_while(Wanted wanted, Visit visit) {
    assert(!walking_); // a probe, begin or end that runs the loop
    walking_ = true;
    bool any = false;
    for (next_ = handlers_.begin(); next_ != handlers_.end() && wanted(*next_);) {
        visited_ = &*next_++;
        any |= visit(*visited_);
    }
    visited_ = nullptr;
    walking_ = false;
    return any;
}

/// One probe; a hit goes on the ready list.
bool PollMode::probe(AioHandler &handler) {
    if (handler.in_probe_ready_ || !handler.probe() || visited_ == nullptr)
        return false;
    events_.add_probe_hit(handler);
    return true;
}

void PollMode::join(AioHandler &handler, std::int64_t now_ns) {
    const bool is_new = !handler.poll_hook_.is_linked();
    handler.last_dispatch_ns_ = now_ns;
    handler.last_fired_ = ++fired_;
    handler.poll_hook_.unlink();
    handlers_.push_front(handler);
    if (is_new && on_)
        handler.poll_begin();
}

void PollMode::forget(AioHandler &handler) {
    if (!handler.poll_hook_.is_linked())
        return;
    if (walking_ && next_ != handlers_.end() && &*next_ == &handler)
        ++next_;
    if (visited_ == &handler)
        visited_ = nullptr;
    handler.poll_hook_.unlink();
}

void PollMode::enter() {
    if (on_)
        return;
    on_ = true;
    walk([](AioHandler &handler) {
        handler.poll_begin();
        return false;
    });
}

bool PollMode::leave() {
    if (!on_)
        return false;
    on_ = false;
    return walk([this](AioHandler &handler) {
        handler.poll_end();
        return visited_ != nullptr && probe(handler);
    });
}

bool PollMode::probe_all() {
    rounds_ = 0;
    return walk([this](AioHandler &handler) { return probe(handler); });
}

bool PollMode::probe_round() {
    if (++rounds_ >= kRoundsPerColdProbe)
        return probe_all();
    return walk_while([this](const AioHandler &handler) { return is_hot(handler); },
                      [this](AioHandler &handler) { return probe(handler); });
}

bool PollMode::is_hot(const AioHandler &handler) const { return fired_ - handler.last_fired_ < kHotEvents; }

bool PollMode::is_idle(const AioHandler &handler, std::int64_t now_ns) const {
    return !handler.probe_hit_ &&
           (now_ns >= handler.last_dispatch_ns_ + kIdleNs || fired_ - handler.last_fired_ >= kIdleEvents);
}

bool PollMode::drop_idle(std::int64_t now_ns) {
    assert(on_ && !walking_);
    bool hit = false;
    while (!handlers_.empty() && is_idle(handlers_.back(), now_ns))
        hit |= drop(handlers_.back());
    return hit;
}

/// Let the producer kick again, and look once more.
bool PollMode::drop(AioHandler &handler) {
    walking_ = true;
    next_ = handlers_.end();
    visited_ = &handler;
    handler.poll_end();
    const bool hit = visited_ != nullptr && probe(handler);
    if (visited_ != nullptr)
        handler.poll_hook_.unlink();
    visited_ = nullptr;
    walking_ = false;
    return hit;
}

} // namespace iothreadd
