// SPDX-License-Identifier: Apache-2.0
//
// FdEvents: what the fd monitor and the probes found and the loop has not dispatched yet: handlers that are
// ready and completed operations, oldest first. Filling it calls nobody back, so it may be filled at any
// time.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/aio_completion.hpp"
#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/intrusive.hpp"

#include <cstdint>

namespace iothreadd {

class FdEvents {
public:
    FdEvents() = default;
    FdEvents(const FdEvents &) = delete;
    FdEvents &operator=(const FdEvents &) = delete;

    /// The fd monitor saw `revents` on the descriptor of `handler`.
    void add_ready(AioHandler &handler, std::uint32_t revents);

    /// The probe of `handler` returned true.
    void add_probe_hit(AioHandler &handler);

    /// `handler` said Drained::no to what it was called for: keep it for the next pass.
    void add_unfinished(AioHandler &handler, std::uint32_t revents, bool probe_hit);

    /// The ring ended `operation` with `result`.
    void add_completed(AioCompletion &operation, int result);

    /// `handler` goes away: nothing is left of it.
    void forget(AioHandler &handler);

    bool empty() const {
        return ready_.empty() && unfinished_.empty() && completed_.empty() && now_ready_.empty() &&
               now_completed_.empty();
    }

    /// Move everything to the two take functions: what was left unfinished goes behind what became ready
    /// since. What is added from now on waits for the next call, which bounds a pass.
    void start_dispatch();

    AioHandler *take_ready();        ///< null: none left
    AioCompletion *take_completed(); ///< null: none left

private:
    using Handlers = AutoList<AioHandler, &AioHandler::ready_hook_>;
    using Operations = AutoList<AioCompletion, &AioCompletion::hook_>;

    void link(AioHandler &handler);

    Handlers ready_;
    Handlers unfinished_;
    Operations completed_;
    Handlers now_ready_; // being dispatched
    Operations now_completed_;
};

} // namespace iothreadd
