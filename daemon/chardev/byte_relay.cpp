// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/byte_relay.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <poll.h>

#include <cerrno>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

} // namespace

std::shared_ptr<ByteRelay> ByteRelay::start(asio::io_context &io, Ends ends, std::function<void()> ended) {
    auto relay = std::make_shared<ByteRelay>(io, std::move(ends), std::move(ended));
    auto output = relay->copy_output(relay);
    asio::co_spawn(io, std::move(output), asio::detached);
    if (relay->input_.is_open()) {
        auto input = relay->copy_input(relay);
        asio::co_spawn(io, std::move(input), asio::detached);
    }
    return relay;
}

ByteRelay::ByteRelay(asio::io_context &io, Ends ends, std::function<void()> ended)
    : socket_(io, asio::local::stream_protocol{}, ends.socket.release()),
      input_(io),
      output_(io, ends.output.release()),
      ended_(std::move(ended)) {
    if (ends.input)
        input_.assign(ends.input.release());
}

/// `self` keeps the relay while it waits.
asio::awaitable<void> ByteRelay::copy_input([[maybe_unused]] std::shared_ptr<ByteRelay> self) {
    while (socket_.is_open()) {
        auto [failure, bytes] = co_await input_.async_read_some(asio::buffer(from_input_), kUseTuple);
        if (failure)
            break;
        const auto filled = asio::buffer(from_input_, bytes);
        auto [unsent, sent] = co_await asio::async_write(socket_, filled, kUseTuple);
        if (unsent)
            co_return; // copy_output() sees it too
    }
    input_ended_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

asio::awaitable<void> ByteRelay::copy_output([[maybe_unused]] std::shared_ptr<ByteRelay> self) {
    for (;;) {
        auto [failure, bytes] = co_await socket_.async_read_some(asio::buffer(from_socket_), kUseTuple);
        if (failure)
            break;
        unwritten_ = {from_socket_.data(), bytes};
        while (!unwritten_.empty()) {
            const auto rest = asio::buffer(unwritten_.data(), unwritten_.size());
            auto [refused, written] = co_await output_.async_write_some(rest, kUseTuple);
            if (refused || unwritten_.empty()) // or stopped
                break;
            unwritten_ = unwritten_.subspan(written);
        }
        if (!unwritten_.empty() || !socket_.is_open())
            break;
    }
    close();
    if (const auto ended = std::exchange(ended_, nullptr))
        ended();
}

void ByteRelay::stop() {
    ended_ = nullptr;
    if (!socket_.is_open())
        return;
    flush();
    close();
}

/// What was said last, such as the answer to `quit`, is still to be read.
void ByteRelay::flush() {
    const auto has_more = [this] {
        if (unwritten_.empty()) {
            const ssize_t bytes =
                ::recv(socket_.native_handle(), from_socket_.data(), from_socket_.size(), MSG_DONTWAIT);
            unwritten_ = {from_socket_.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
        }
        return !unwritten_.empty();
    };
    while (has_more()) {
        const ssize_t written = ::write(output_.native_handle(), unwritten_.data(), unwritten_.size());
        if (written > 0) {
            unwritten_ = unwritten_.subspan(static_cast<std::size_t>(written));
            continue;
        }
        pollfd waiting{.fd = output_.native_handle(), .events = POLLOUT, .revents = 0};
        if (errno != EAGAIN || ::poll(&waiting, 1, static_cast<int>(kFlushTimeout.count())) != 1)
            break;
    }
    unwritten_ = {};
}

void ByteRelay::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    input_.close(ignored);
    output_.close(ignored);
}

} // namespace iothreadd
