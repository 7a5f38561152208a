// SPDX-License-Identifier: Apache-2.0
//
// What the tests of daemon/aio share: contexts of every kind that this host offers, an eventfd that is a
// handler, a clock that tests turn by hand, and a thread that runs a loop.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace iothreadd::test {

/// io_uring, if this host has it, and epoll. For GENERATE(from_range(monitors())).
const std::vector<FdMonitorKind> &monitors();

/// A context of exactly this kind, whose home is the calling thread.
std::unique_ptr<AioContext> make_context(AioContextOptions options);
std::unique_ptr<AioContext> make_context(FdMonitorKind kind);

/// Every pass that finds work, but no sleep.
void run_until_idle(AioContext &context);

/// A clock that moves by `step_ns` at each look, for AioContextOptions::clock.
struct ManualClock {
    static inline std::int64_t now_ns = 0;
    static inline std::int64_t step_ns = 0;

    static std::int64_t read() { return now_ns += step_ns; }
    static void start(std::int64_t step) {
        now_ns = kNsPerSecond;
        step_ns = step;
    }
};

/// From now on `system_call` fails in the calling thread, and only there. False: the host does not let us.
bool forbid_system_call(long system_call, int error);

UniqueFd make_eventfd();
void set_eventfd(int fd);

/// An eventfd; every event resets it, is counted, and calls `on_ready`, which may destroy the handler.
class EventHandler : public AioHandler {
public:
    EventHandler() : EventHandler(make_eventfd()) {}

    void set() { set_eventfd(fd()); }
    bool reset(); ///< whether it was set

    Drained ready(std::uint32_t revents) override;

    int events_seen = 0;
    std::uint32_t last_revents = 0;
    std::function<void()> on_ready = [] {};

private:
    explicit EventHandler(UniqueFd eventfd)
        : AioHandler(eventfd.get(), POLLIN), eventfd_(std::move(eventfd)) {}
    UniqueFd eventfd_;
};

/// An EventHandler whose work is a flag in memory; the eventfd is only its kick.
class PolledHandler : public EventHandler {
public:
    ~PolledHandler() override { *alive_ = false; }

    bool has_probe() const override { return true; }
    bool probe() override;
    Drained probe_ready() override;
    void poll_begin() override;
    void poll_end() override;

    bool work = false;
    int probes = 0, hits = 0, begins = 0, ends = 0;
    std::function<void()> on_probe = [] {}, on_probe_ready = [] {}, on_begin = [] {}, on_end = [] {};

private:
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A thread that is home to a context and runs it until destroyed.
class LoopThread {
public:
    explicit LoopThread(FdMonitorKind kind, const PollParameters &parameters = {});
    ~LoopThread();

    AioContext &context() { return *context_; }

    /// Run `fn` in the loop and wait for it.
    template <class F>
    void call(F &&fn) {
        std::promise<void> done;
        context().post([&] {
            fn();
            done.set_value();
        });
        done.get_future().wait();
    }

private:
    AioContext *context_ = nullptr;
    std::thread thread_;
};

} // namespace iothreadd::test
