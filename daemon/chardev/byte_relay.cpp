// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/byte_relay.hpp"

#include "daemon/util/exception_text.hpp"
#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

/// A terminal that is ready has room for 256 bytes, and may make two of each.
constexpr std::size_t kTerminalPiece = 128;

/// Give `fd` away, unless the loop cannot watch it.
void assign(stream_descriptor &descriptor, UniqueFd fd) {
    descriptor.assign(fd.get());
    (void)fd.release();
    boost::system::error_code ignored;
    descriptor.native_non_blocking(true, ignored); // for as long as nobody takes that back
}

bool try_again() { return errno == EAGAIN || errno == EINTR; }

} // namespace

ByteRelay::ByteRelay(asio::io_context &io, std::string subject, Ends ends, std::function<void()> ended)
    : io_(io),
      subject_(std::move(subject)),
      socket_(io),
      input_(io),
      output_(io),
      flush_timer_(io),
      most_at_once_(::isatty(ends.output.get()) != 0 ? kTerminalPiece : PIPE_BUF),
      ended_(std::move(ended)) {
    socket_.assign(asio::local::stream_protocol{}, ends.socket.get());
    (void)ends.socket.release();
    assign(output_, std::move(ends.output));
    if (ends.input)
        assign(input_, std::move(ends.input));
}

void ByteRelay::start() {
    const auto self = shared_from_this();
    asio::co_spawn(io_, copy_output(), [self](const std::exception_ptr &thrown) {
        if (thrown)
            spdlog::error("{}: {}", self->subject_, exception_text(thrown));
        self->be_over();
    });
    if (!input_.is_open())
        return;
    asio::co_spawn(io_, copy_input(), [self](const std::exception_ptr &thrown) {
        if (!thrown)
            return;
        spdlog::error("{}: {}", self->subject_, exception_text(thrown));
        self->close(); // and so the other direction ends too
    });
}

asio::awaitable<void> ByteRelay::copy_input() {
    bool not_yet = false;
    while (socket_.is_open()) {
        if (!co_await become_ready(input_, POLLIN, not_yet))
            co_return;
        const ssize_t bytes = ::read(input_.native_handle(), from_input_.data(), from_input_.size());
        not_yet = bytes < 0 && try_again();
        if (not_yet)
            continue;
        if (bytes <= 0)
            break;
        const auto filled = asio::buffer(from_input_, static_cast<std::size_t>(bytes));
        auto [unsent, sent] = co_await asio::async_write(socket_, filled, kUseTuple);
        if (unsent)
            co_return; // copy_output() sees it too
    }
    input_ended_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

asio::awaitable<void> ByteRelay::copy_output() {
    for (;;) {
        auto [failure, bytes] = co_await socket_.async_read_some(asio::buffer(from_socket_), kUseTuple);
        if (failure)
            co_return;
        const std::span<const char> filled{from_socket_.data(), bytes};
        if (!co_await write_output(filled))
            co_return;
    }
}

asio::awaitable<bool> ByteRelay::write_output(std::span<const char> bytes) {
    bool not_yet = false;
    while (!bytes.empty()) {
        if (!co_await become_ready(output_, POLLOUT, not_yet))
            co_return false;
        const std::size_t part = std::min(bytes.size(), most_at_once_);
        const ssize_t written = ::write(output_.native_handle(), bytes.data(), part);
        not_yet = written < 0 && try_again();
        if (written < 0 && !not_yet)
            co_return false;
        bytes = bytes.subspan(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    co_return true;
}

void ByteRelay::stop() {
    if (std::exchange(stopped_, true))
        return;
    ended_ = nullptr;
    if (over_)
        return;
    close_watched(input_);
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_both, ignored); // what is in it can be read still
    flush_timer_.expires_after(kFlushTimeout);
    flush_timer_.async_wait([self = shared_from_this()](const boost::system::error_code &error) {
        if (!error)
            self->close();
    });
}

void ByteRelay::when_over(std::function<void()> fn) {
    if (over_)
        fn();
    else
        when_over_.push_back(std::move(fn));
}

void ByteRelay::be_over() {
    over_ = true;
    close();
    if (const auto ended = std::exchange(ended_, nullptr))
        ended();
    for (const auto &fn : std::exchange(when_over_, {}))
        fn();
}

void ByteRelay::close() {
    flush_timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    close_watched(input_);
    close_watched(output_);
}

} // namespace iothreadd
