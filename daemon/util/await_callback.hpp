// SPDX-License-Identifier: Apache-2.0
//
// await_callback: lets a coroutine wait for something that ends in a callback, such as an export that is
// drained in its IOThread.
//
// Thread: the coroutine's own; `done` may be called there once, also before `start` returns.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace iothreadd {

/// Call `start(done)` and resume after done(). `done` is copyable. Name `start` before the co_await: it is
/// borrowed.
template <class Start>
boost::asio::awaitable<void> await_callback(Start &start) {
    auto initiate = [&start](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto executor = boost::asio::get_associated_executor(*shared);
        start([shared, executor] { boost::asio::post(executor, [shared] { std::move (*shared)(); }); });
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        initiate, boost::asio::use_awaitable);
}

} // namespace iothreadd
