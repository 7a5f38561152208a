// SPDX-License-Identifier: Apache-2.0
//
// PollMode: the handlers that are asked for work instead of being woken for it. While poll mode is on, their
// producers need not kick, so the loop owes them a probe: round by round while it spins, now and then while
// it is busy with other things, and once more after each poll_end(), because a producer may have skipped its
// kick just before.
//
// A handler joins when it fires and leaves after 7 s without work, so that an idle one costs a busy loop
// nothing. Callbacks may remove any handler, also their own.
//
// Thread: home thread only.  Source: observed behaviour of QEMU 11.1.
#pragma once

#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/intrusive.hpp"

#include <cstdint>

namespace iothreadd {

class FdEvents;

class PollMode {
public:
    /// A handler that was not dispatched for so long is left to its descriptor.
    static constexpr std::int64_t kIdleNs = 7 * kNsPerSecond;

    explicit PollMode(FdEvents &events) : events_(events) {}
    PollMode(const PollMode &) = delete;
    PollMode &operator=(const PollMode &) = delete;

    bool on() const { return on_; }
    bool empty() const { return handlers_.empty(); }

    /// `handler` fired: poll it from now on.
    void join(AioHandler &handler);

    /// `handler` goes away, without a poll_end().
    void forget(AioHandler &handler);

    void enter();

    /// Tell the producers to kick again; true: a last probe found work.
    bool leave();

    /// Probe every handler once; true: some found work.
    bool probe_all();

    /// Drop the handlers that were last dispatched kIdleNs or more before `now_ns`; true: a last probe found
    /// work.
    bool drop_idle(std::int64_t now_ns);

private:
    using Handlers = AutoList<AioHandler, &AioHandler::poll_hook_>;

    template <class Visit>
    bool walk(Visit visit);
    bool probe(AioHandler &handler);

    FdEvents &events_;
    Handlers handlers_;
    bool on_ = false;
    bool walking_ = false;
    Handlers::iterator next_{};     // while walking: who comes next
    AioHandler *visited_ = nullptr; // while walking: who is called back, null once removed
};

} // namespace iothreadd
