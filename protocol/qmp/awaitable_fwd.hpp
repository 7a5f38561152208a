// SPDX-License-Identifier: Apache-2.0
//
// Awaitable: boost::asio::awaitable, declared only, so that a header with one coroutine does not cost every
// reader the whole of Asio. Whoever defines or awaits one includes <boost/asio/awaitable.hpp>.
#pragma once

namespace boost::asio {
class any_io_executor;
template <typename T, typename Executor>
class awaitable;
} // namespace boost::asio

namespace iothreadd {

template <class T>
using Awaitable = boost::asio::awaitable<T, boost::asio::any_io_executor>;

} // namespace iothreadd
