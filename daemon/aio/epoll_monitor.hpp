// SPDX-License-Identifier: Apache-2.0
//
// EpollMonitor: an FdMonitor for hosts where we get no ring. Edge-triggered, so that handlers see what they
// see on io_uring. Readiness cannot be seen without a system call, so each look of a spin is one.
//
// Thread: home thread only.  Source: epoll(7).
#pragma once

#include "daemon/aio/fd_monitor.hpp"
#include "daemon/aio/handler_slots.hpp"
#include "daemon/util/unique_fd.hpp"

#include <cstdint>

namespace iothreadd {

class EpollMonitor final : public FdMonitor {
public:
    /// Errors: `Failed to initialize epoll: ...`.
    static Result<std::unique_ptr<EpollMonitor>> create(const Host &host);

    void add(AioHandler &handler) override;
    void change(AioHandler &handler) override;
    void remove(AioHandler &handler) override;
    bool sees_events() const override { return false; }
    bool has_events() const override { return false; }
    void peek() override;
    bool has_submissions() const override { return false; }
    void submit() override {}
    void wait(std::int64_t timeout_ns) override;
    int watch_fd() const override { return epoll_.get(); }

private:
    EpollMonitor(const Host &host, UniqueFd epoll);
    void control(int operation, AioHandler &handler);
    void collect(int timeout_ms);

    FdEvents &events_;
    AioCounters &counters_;
    UniqueFd epoll_;
    HandlerSlots slots_;
};

} // namespace iothreadd
