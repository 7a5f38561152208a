// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_transmission.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cassert>
#include <utility>

namespace iothreadd {

namespace {

/// A peer that closes after its last byte must show in the event that announces the byte: receiving stops
/// there.
constexpr std::uint32_t kInputEvents = POLLIN | POLLRDHUP;
constexpr std::uint32_t kHangUp = POLLHUP | POLLERR;

constexpr std::int64_t kSecondNs = 1'000'000'000;
/// How long a peer may take to read the next piece of what it asked for before it said goodbye.
constexpr std::int64_t kFinishNs = 2 * kSecondNs;
/// How long a peer may take to close after the last reply. Closing first, with its requests unread, would
/// make the kernel throw away replies that are still on their way.
constexpr std::int64_t kLingerNs = kSecondNs / 2;
/// An unused buffer is kept for one to two such periods.
constexpr std::int64_t kTrimNs = 5 * kSecondNs;

} // namespace

NbdTransmission::NbdTransmission(const NbdTransmissionSetup &setup, Listener &listener)
    : AioHandler(setup.fd, kInputEvents), setup_(setup), listener_(listener) {
    for (NbdSlot &slot : slots_) {
        slot.owner = this;
        free_slots_[free_count_++] = &slot;
    }
}

NbdTransmission::~NbdTransmission() {
    assert(!context_ && in_flight_ == 0);
    break_connection();
}

void NbdTransmission::start() {
    assert(!context_ && in_flight_ == 0);
    if (state_ == State::ended)
        return;
    context_ = AioContext::current();
    assert(context_);
    draining_ = false;
    pump_bh_.emplace(*context_, [this] { pump(); });
    give_up_timer_.emplace(*context_, [this] {
        break_connection();
        settle();
    });
    trim_timer_.emplace(*context_, [this] {
        trim_armed_ = false;
        if (buffers_.trim_if_idle())
            keep_buffers_in_bounds();
    });
    if (state_ != State::broken) {
        input_drained_ = output_blocked_ = false;
        set_events(kInputEvents);
        context_->add(*this);
        watched_ = true;
    }
    pump_bh_->schedule(); // requests may be waiting in the buffer, not in the socket
}

void NbdTransmission::drain() {
    if (!context_ || leaving_)
        return;
    draining_ = true;
    settle();
}

void NbdTransmission::finish() {
    in_a_hurry_ = true;
    begin_finish();
    settle();
}

void NbdTransmission::abort() {
    break_connection();
    settle();
}

AioHandler::Drained NbdTransmission::ready(std::uint32_t revents) {
    const bool hung_up = (revents & kHangUp) != 0;
    const bool not_reading = input_paused_ || !may_read();
    if ((revents & (kInputEvents | kHangUp)) != 0)
        input_drained_ = false;
    if ((revents & (POLLRDHUP | kHangUp)) != 0)
        peer_closed_ = true;
    if ((revents & POLLOUT) != 0 || hung_up)
        output_blocked_ = false;
    if (hung_up && not_reading)
        break_connection(); // nobody is left to answer
    pump();
    return Drained::yes; // down to EAGAIN, or pump() comes back by itself
}

void NbdTransmission::pump() {
    send_replies();
    take_input();
    settle();
}

/// The socket tells when it takes more only while we wait for that: a busy reader would wake us all the time.
void NbdTransmission::watch_output() {
    const std::uint32_t wanted = output_blocked_ ? kInputEvents | POLLOUT : kInputEvents;
    if (watched_ && wanted != events())
        set_events(wanted);
}

void NbdTransmission::settle() {
    if (!context_ || leaving_)
        return;
    if (state_ == State::broken) {
        if (in_flight_ == 0) {
            state_ = State::ended;
            leave_context(&Listener::transmission_ended);
        }
        return;
    }
    if (draining_ && in_flight_ == 0) {
        leave_context(&Listener::transmission_drained);
        return;
    }
    if (state_ == State::finishing && in_flight_ == 0) {
        if (output_.empty())
            begin_linger();
        else if (!give_up_armed_)
            arm_give_up(kFinishNs);
    }
    watch_output();
}

void NbdTransmission::begin_finish() {
    if (state_ != State::serving)
        return;
    state_ = State::finishing;
    for (NbdSlot **unfinished : {&waiting_, &receiving_}) {
        if (*unfinished)
            free_slot(*std::exchange(*unfinished, nullptr));
    }
}

void NbdTransmission::begin_linger() {
    state_ = State::lingering;
    ::shutdown(setup_.fd, SHUT_WR);
    arm_give_up(kLingerNs);
    pump_bh_->schedule();
}

void NbdTransmission::arm_give_up(std::int64_t after_ns) {
    give_up_armed_ = true;
    give_up_timer_->arm_after(after_ns);
}

void NbdTransmission::break_connection() {
    begin_finish();
    if (state_ == State::broken || state_ == State::ended)
        return;
    state_ = State::broken;
    unwatch();
    while (!output_.empty()) {
        NbdSlot &slot = output_.front();
        output_.pop();
        free_slot(slot);
    }
}

void NbdTransmission::unwatch() {
    if (std::exchange(watched_, false))
        context_->remove(*this);
}

void NbdTransmission::leave_context(void (Listener::*report)()) {
    leaving_ = true;
    unwatch();
    context_->post([this, report] { // later: nothing of ours is on the stack then
        pump_bh_.reset();
        give_up_timer_.reset();
        trim_timer_.reset();
        give_up_armed_ = trim_armed_ = false;
        context_ = nullptr;
        leaving_ = false;
        (listener_.*report)();
    });
}

void NbdTransmission::keep_buffers_in_bounds() {
    if (!std::exchange(trim_armed_, true))
        trim_timer_->arm_after(kTrimNs);
}

} // namespace iothreadd
