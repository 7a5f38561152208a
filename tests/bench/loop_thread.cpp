// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loop_thread.hpp"

#include "tests/bench/measuring.hpp"

namespace iothreadd::bench {

LoopThread::LoopThread(FdMonitorKind kind, const PollParameters &parameters, std::optional<int> cpu) {
    std::promise<AioContext *> promise;
    std::future<AioContext *> ready = promise.get_future();
    thread_ = std::thread{[this, kind, parameters, cpu, promise = std::move(promise)]() mutable {
        if (cpu)
            pin_to(*cpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters(parameters);
        promise.set_value(context.get());
        while (!stop_)
            context->poll(true);
    }};
    context_ = ready.get();
}

LoopThread::~LoopThread() {
    context_->post([this] { stop_ = true; });
    thread_.join();
}

} // namespace iothreadd::bench
