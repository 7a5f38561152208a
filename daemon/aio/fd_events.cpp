// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/fd_events.hpp"

namespace iothreadd {

void FdEvents::link(AioHandler &handler) {
    if (!handler.ready_hook_.is_linked())
        ready_.push_back(handler);
}

void FdEvents::add_ready(AioHandler &handler, std::uint32_t revents) {
    handler.revents_ |= revents;
    link(handler);
}

void FdEvents::add_probe_hit(AioHandler &handler) {
    handler.probe_hit_ = true;
    link(handler);
}

void FdEvents::add_unfinished(AioHandler &handler, std::uint32_t revents, bool probe_hit) {
    handler.revents_ |= revents;
    handler.probe_hit_ |= probe_hit;
    handler.unfinished_ = true;
    if (!handler.ready_hook_.is_linked())
        unfinished_.push_back(handler);
}

void FdEvents::add_completed(AioCompletion &operation, int result) {
    operation.result_ = result;
    completed_.push_back(operation);
}

/// A callback that runs the loop gets here again: the inner pass goes on with the rest of the outer one.
void FdEvents::start_dispatch() {
    now_ready_.splice(now_ready_.end(), ready_);
    now_ready_.splice(now_ready_.end(), unfinished_);
    now_completed_.splice(now_completed_.end(), completed_);
}

void FdEvents::forget(AioHandler &handler) {
    handler.ready_hook_.unlink();
    handler.revents_ = 0;
    handler.probe_hit_ = false;
    handler.unfinished_ = false;
}

AioHandler *FdEvents::take_ready() {
    if (now_ready_.empty())
        return nullptr;
    AioHandler &handler = now_ready_.front();
    now_ready_.pop_front();
    return &handler;
}

AioCompletion *FdEvents::take_completed() {
    if (now_completed_.empty())
        return nullptr;
    AioCompletion &operation = now_completed_.front();
    now_completed_.pop_front();
    return &operation;
}

} // namespace iothreadd
