// SPDX-License-Identifier: Apache-2.0
//
// AioHandler: one file descriptor in one AioContext, and what to do when it is ready. A handler that can also
// see its work without a system call (a queue in shared memory) has a probe and takes part in polling:
// between poll_begin() and poll_end() its producer need not kick the descriptor.
//
// Readiness is reported as it arrives (edge-triggered, on every fd monitor): a handler that stops before
// EAGAIN must say Drained::no, or will not hear of the rest. Whatever was there already when the handler was
// added, or its events were changed, is reported too.
//
// Thread: home thread only.  Lifetime: after AioContext::remove() the object may be destroyed at once, inside
// its own callbacks too.
#pragma once

#include "daemon/aio/intrusive.hpp"
#include "daemon/aio/poll_source.hpp"

#include <poll.h>

#include <cstdint>

namespace iothreadd {

class AioAccount;
class AioContext;

class AioHandler {
public:
    /// Whether a callback took all there was. `no`: it stopped early to be fair, or lost interest for now,
    /// and wants to be called again in the next pass, after the handlers that became ready meanwhile.
    enum class Drained { yes, no };

    /// Watch `fd`, which stays open while registered, for `events`: POLLIN, POLLOUT or both. Errors and
    /// hang-ups are always reported.
    AioHandler(int fd, std::uint32_t events) : fd_(fd), events_(events) {}
    AioHandler(const AioHandler &) = delete;
    AioHandler &operator=(const AioHandler &) = delete;
    virtual ~AioHandler();

    int fd() const { return fd_; }
    std::uint32_t events() const { return events_; }
    bool registered() const { return context_ != nullptr; }

    /// Change what is watched; readiness for it that is there already is reported. Estimate and place in
    /// polling are kept.
    void set_events(std::uint32_t events);

    /// The descriptor is ready: some of POLLIN, POLLOUT, POLLERR, POLLHUP. A descriptor that cannot be
    /// watched is reported once, as POLLERR.
    virtual Drained ready(std::uint32_t revents) = 0;

    /// Whether ready() with Drained::yes leaves nothing that poll(2) would still report: then a spinning loop
    /// may look at the descriptor directly. Asked often.
    virtual bool empties_descriptor() const { return false; }

    /// Whether probe() means anything; asked once, by AioContext::add().
    virtual bool has_probe() const { return false; }

    /// Is there work? Called very often: a few loads, no system call. Must not run the loop.
    virtual bool probe() { return false; }

    /// A probe found work.
    virtual Drained probe_ready() { return Drained::yes; }

    /// Polling starts: the producer may stop kicking.
    virtual void poll_begin() {}

    /// Polling ends: the producer must kick again. A full fence has to separate that from the probe that
    /// follows.
    virtual void poll_end() {}

private:
    friend class AioContext;
    friend class AioWaiter;
    friend class EpollMonitor;
    friend class FdEvents;
    friend class HandlerSlots;
    friend class IoUringMonitor;
    friend class PollMode;

    const int fd_;
    std::uint32_t events_;
    std::uint32_t revents_ = 0;   // reported by the fd monitor, not yet dispatched
    bool has_probe_ = false;      // has_probe(), while registered
    bool probe_hit_ = false;      // a probe returned true, not yet dispatched
    bool unfinished_ = false;     // said Drained::no: the next dispatch is not a new event
    bool peeked_ = false;         // reported before its completion, which is on its way
    bool in_probe_ready_ = false; // is taking its work: not probed meanwhile
    std::uint64_t token_ = 0;     // how the fd monitor names this registration
    AioContext *context_ = nullptr;
    AioAccount *account_ = nullptr; // whom its callbacks are charged to; null: the loop
    std::int64_t last_dispatch_ns_ = 0;
    std::uint64_t last_fired_ = 0; // PollMode: as which event
    PollSource source_;
    AutoHook ready_hook_; // in FdEvents, or unfinished
    AutoHook poll_hook_;  // in PollMode
};

} // namespace iothreadd
