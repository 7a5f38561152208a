// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/watched_descriptor.hpp"

#include "daemon/util/unique_fd.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <poll.h>

#include <utility>

namespace iothreadd {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

void close_watched(stream_descriptor &descriptor) {
    if (descriptor.is_open())
        const UniqueFd closed{descriptor.release()};
}

asio::awaitable<bool> become_ready(stream_descriptor &descriptor, short event, bool not_yet) {
    constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);
    const auto how = event == POLLIN ? stream_descriptor::wait_read : stream_descriptor::wait_write;
    while (descriptor.is_open()) {
        pollfd now{.fd = descriptor.native_handle(), .events = event, .revents = 0};
        if (!std::exchange(not_yet, false) && ::poll(&now, 1, 0) == 1)
            co_return true;
        auto [failure] = co_await descriptor.async_wait(how, kUseTuple);
        if (failure)
            break;
    }
    co_return false;
}

} // namespace iothreadd
