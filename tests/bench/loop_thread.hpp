// SPDX-License-Identifier: Apache-2.0
//
// LoopThread: a thread that runs an event loop until it is told to stop, as an IOThread does.
//
// Thread: created, used and destroyed by one other thread.
#pragma once

#include "daemon/aio/aio_context.hpp"

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace iothreadd::bench {

class LoopThread {
public:
    /// `cpu`: where it runs; none: where the starter may.
    LoopThread(FdMonitorKind kind, const PollParameters &parameters, std::optional<int> cpu);
    LoopThread(const LoopThread &) = delete;
    LoopThread &operator=(const LoopThread &) = delete;
    /// Nothing may be registered with the loop any more.
    ~LoopThread();

    AioContext &context() { return *context_; }

    /// Run `fn` in the loop and wait for its end.
    template <class F>
    void run(F &&fn) {
        std::promise<void> promise;
        const std::future<void> done = promise.get_future();
        context_->post([&fn, promise = std::move(promise)]() mutable {
            fn();
            promise.set_value();
        });
        done.wait();
    }

private:
    AioContext *context_ = nullptr;
    bool stop_ = false; // home thread
    std::thread thread_;
};

} // namespace iothreadd::bench
