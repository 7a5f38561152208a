// SPDX-License-Identifier: Apache-2.0
//
// Notifier: wakes a loop from any thread, with a system call only if the loop sleeps or is about to.
//
// A handshake of two flags. The notifier publishes its work, sets `notified_`, then looks at `notify_me_`;
// the loop announces itself in `notify_me_`, then looks at `notified_`, and after the wait clears
// `notified_`, then looks for work. Every one of these is sequentially consistent, so either side sees the
// other (no stand-alone fences, which ThreadSanitizer cannot see). The eventfd must be written even if
// `notified_` was set already: an earlier notifier may have found `notify_me_` zero and written nothing.
//
// The eventfd is never read: readiness is edge-triggered, so every write is an event of its own.
//
// Thread: notify() any thread, the rest home thread.  Source: the handshake of QEMU's event loop.
#pragma once

#include "daemon/aio/aio_handler.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace iothreadd {

class Notifier final : public AioHandler {
public:
    /// `external_loop`: another loop may be sleeping on our behalf at any time, so every notify() writes.
    static Result<std::unique_ptr<Notifier>> create(bool external_loop, Clock clock = monotonic_ns);

    /// Work was published: the loop will look for it.
    void notify();

    /// Make the descriptor ready, whatever the loop does.
    void signal();

    /// Whether somebody notified since accept(): the probe of this handler.
    bool notified() const { return notified_.load(std::memory_order_seq_cst); }

    /// Announce that the loop is about to sleep. True: somebody notified, do not.
    bool prepare_wait();
    void finish_wait();

    /// When the notification came that ended the last sleep, if one did; 0: none since this was asked.
    std::int64_t take_signalled_ns() { return signalled_ns_.exchange(0, std::memory_order_relaxed); }

    /// Clear the flag, before looking for work.
    void accept();

    Drained ready(std::uint32_t) override { return Drained::yes; }

private:
    Notifier(UniqueFd eventfd, bool external_loop, Clock clock);

    UniqueFd eventfd_;
    const Clock clock_;
    std::atomic<bool> notified_{false};
    std::atomic<std::int64_t> signalled_ns_{0};
    std::atomic<std::uint32_t> notify_me_; // twice the number of waits, plus 1 for an external loop
};

} // namespace iothreadd
