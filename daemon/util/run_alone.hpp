// SPDX-License-Identifier: Apache-2.0
//
// run_alone: runs one coroutine to its end in an event loop of its own, for what the command line asks before
// the main loop runs.
//
// Thread: main thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

namespace iothreadd {

/// What `work` returns; nothing when SIGINT, SIGTERM or SIGHUP came first. A signal_set of the caller's sees
/// the signal too.
template <class T>
std::optional<T> run_alone(boost::asio::awaitable<T> work) {
    boost::asio::io_context loop{1};
    boost::asio::signal_set signals{loop, SIGINT, SIGTERM, SIGHUP};
    std::optional<T> result;
    signals.async_wait([&](const boost::system::error_code &error, int) {
        if (!error)
            loop.stop();
    });
    boost::asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr &thrown, T returned) {
        signals.cancel();
        if (thrown)
            std::rethrow_exception(thrown);
        result.emplace(std::move(returned));
    });
    loop.run();
    return result;
}

} // namespace iothreadd
