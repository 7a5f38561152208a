// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/poll_mode.hpp"

#include "daemon/aio/fd_events.hpp"

#include <cassert>

namespace iothreadd {

/// Call `visit(handler)` for each handler; true: some call returned true. Handlers may go away meanwhile.
template <class Visit>
bool PollMode::walk(Visit visit) {
    assert(!walking_); // a probe, begin or end that runs the loop
    walking_ = true;
    bool any = false;
    for (next_ = handlers_.begin(); next_ != handlers_.end();) {
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

void PollMode::join(AioHandler &handler) {
    if (handler.poll_hook_.is_linked())
        return;
    handlers_.push_back(handler);
    if (on_)
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
    return walk([this](AioHandler &handler) { return probe(handler); });
}

bool PollMode::drop_idle(std::int64_t now_ns) {
    assert(on_);
    return walk([this, now_ns](AioHandler &handler) {
        if (handler.probe_hit_ || now_ns < handler.last_dispatch_ns_ + kIdleNs)
            return false;
        handler.poll_end();
        if (visited_ == nullptr)
            return false;
        const bool hit = probe(handler);
        if (visited_ != nullptr)
            handler.poll_hook_.unlink();
        return hit;
    });
}

} // namespace iothreadd
