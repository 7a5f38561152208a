// SPDX-License-Identifier: Apache-2.0
//
// Wakeup: one coroutine waits, others tell it that something changed. A notification is kept until somebody
// waits, so it cannot be missed; several count as one.
//
// Thread: the executor's own.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace iothreadd {

/// Asio's errors as values.
inline constexpr auto kUseTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

class Wakeup {
public:
    explicit Wakeup(boost::asio::io_context &io) : timer_(io, boost::asio::steady_timer::time_point::max()) {}

    void notify() {
        notified_ = true;
        timer_.cancel();
    }

    boost::asio::awaitable<void> wait() {
        while (!std::exchange(notified_, false))
            co_await timer_.async_wait(kUseTuple);
    }

private:
    boost::asio::steady_timer timer_;
    bool notified_ = false;
};

} // namespace iothreadd
