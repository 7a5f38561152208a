// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/main_loop.hpp"

#include "daemon/util/thread.hpp"

#include <boost/asio/post.hpp>

#include <chrono>

namespace iothreadd {

Result<std::unique_ptr<MainLoop>> MainLoop::create(boost::asio::io_context &io) {
    assert_main_thread();
    auto context = AioContext::create({.loop = AioContext::Loop::external});
    if (!context)
        return context.error();
    return std::unique_ptr<MainLoop>(new MainLoop{io, std::move(*context)});
}

MainLoop::MainLoop(boost::asio::io_context &io, std::unique_ptr<AioContext> context)
    : io_(io), context_(std::move(context)), descriptor_(io, context_->watch_fd()), timer_(io) {
    context_->set_wake_hook([](void *self) { static_cast<MainLoop *>(self)->schedule_pass(); }, this);
    watch();
    schedule_pass();
}

MainLoop::~MainLoop() {
    *alive_ = false;
    context_->set_wake_hook(nullptr, nullptr);
    descriptor_.release();
}

void MainLoop::watch() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this, alive = alive_](const boost::system::error_code &error) {
                               if (error || !*alive)
                                   return;
                               pass();
                               watch();
                           });
}

void MainLoop::schedule_pass() {
    if (pass_scheduled_)
        return;
    pass_scheduled_ = true;
    boost::asio::post(io_, [this, alive = alive_] {
        if (!*alive)
            return;
        pass_scheduled_ = false;
        pass();
    });
}

void MainLoop::pass() {
    context_->poll(false);
    set_timer();
}

void MainLoop::set_timer() {
    const auto deadline_ns = context_->next_deadline_ns();
    if (!deadline_ns) {
        timer_.cancel();
        return;
    }
    // Both clocks are CLOCK_MONOTONIC.
    const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds{*deadline_ns}};
    if (deadline <= std::chrono::steady_clock::now()) {
        schedule_pass();
        return;
    }
    timer_.expires_at(deadline);
    timer_.async_wait([this, alive = alive_](const boost::system::error_code &error) {
        if (!error && *alive)
            pass();
    });
}

} // namespace iothreadd
