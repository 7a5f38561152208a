// SPDX-License-Identifier: Apache-2.0
//
// MainLoop: lets Asio drive the main thread's AioContext, so that what was given no IOThread runs there
// between sockets and signals. It never spins: adaptive polling belongs to IOThreads.
//
// Asio watches the context's descriptor, keeps one timer at its next deadline, and is posted once when work
// appears in it from the main thread itself.
//
// Thread: main thread.
#pragma once

#include "daemon/aio/aio_context.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace iothreadd {

class MainLoop {
public:
    /// Errors: the kernel gives no event loop.
    static Result<std::unique_ptr<MainLoop>> create(boost::asio::io_context &io);
    ~MainLoop();
    MainLoop(const MainLoop &) = delete;
    MainLoop &operator=(const MainLoop &) = delete;

    AioContext &context() { return *context_; }

private:
    MainLoop(boost::asio::io_context &io, std::unique_ptr<AioContext> context);
    void watch();
    void schedule_pass();
    void pass();
    void set_timer();

    boost::asio::io_context &io_;
    std::unique_ptr<AioContext> context_;
    boost::asio::posix::stream_descriptor descriptor_; ///< borrows the context's
    boost::asio::steady_timer timer_;
    bool pass_scheduled_ = false;
    std::shared_ptr<bool> alive_ =
        std::make_shared<bool>(true); ///< for what Asio still has queued at the end
};

} // namespace iothreadd
