// SPDX-License-Identifier: Apache-2.0
//
// PollMode: the handlers that are asked for work instead of being woken for it. While poll mode is on, their
// producers need not kick, so the loop owes them a probe: round by round while it spins, now and then while
// it is busy with other things, and once more after each poll_end(), because a producer may have skipped its
// kick just before.
//
// A handler joins when it fires. One that did not fire for a while costs a busy loop less: it is asked in
// every 32nd round only, and after 4096 events of others or 7 s it is left to its descriptor. Callbacks may
// remove any handler, also their own.
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
    /// A handler that was not dispatched for so long, or while others were so often, is left to its
    /// descriptor.
    static constexpr std::int64_t kIdleNs = 7 * kNsPerSecond;
    static constexpr std::uint64_t kIdleEvents = 4096;

    /// One that was not among the last so many is cold: asked in each kRoundsPerColdProbe'th round.
    static constexpr std::uint64_t kHotEvents = 64;
    static constexpr unsigned kRoundsPerColdProbe = 32;

    explicit PollMode(FdEvents &events) : events_(events) {}
    PollMode(const PollMode &) = delete;
    PollMode &operator=(const PollMode &) = delete;

    bool on() const { return on_; }

    /// `handler` fired at `now_ns`: poll it from now on.
    void join(AioHandler &handler, std::int64_t now_ns);

    /// `handler` goes away, without a poll_end().
    void forget(AioHandler &handler);

    void enter();

    /// Tell the producers to kick again; true: a last probe found work.
    bool leave();

    /// Probe every handler once; true: some found work.
    bool probe_all();

    /// A round of a spin: the same, where mostly the cold ones are left out.
    bool probe_round();

    /// Leave those that were idle until `now_ns` to their descriptors; true: a last probe found work.
    bool drop_idle(std::int64_t now_ns);

private:
    using Handlers = AutoList<AioHandler, &AioHandler::poll_hook_>;

    template <class Visit>
    bool walk(Visit visit);
    template <class Wanted, class Visit>
    bool walk_while(Wanted wanted, Visit visit);
    bool probe(AioHandler &handler);
    bool is_hot(const AioHandler &handler) const;
    bool is_idle(const AioHandler &handler, std::int64_t now_ns) const;
    bool drop(AioHandler &handler);

    FdEvents &events_;
    Handlers handlers_; // who fired last comes first
    std::uint64_t fired_ = 0;
    unsigned rounds_ = 0; // since the cold ones were asked
    bool on_ = false;
    bool walking_ = false;
    Handlers::iterator next_{};     // while walking: who comes next
    AioHandler *visited_ = nullptr; // while walking: who is called back, null once removed
};

} // namespace iothreadd
