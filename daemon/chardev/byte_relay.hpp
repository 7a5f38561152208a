// SPDX-License-Identifier: Apache-2.0
//
// ByteRelay: copies bytes between a socket and descriptors that are none, such as a terminal's, so that
// monitors know nothing but sockets. It keeps at most one buffer of each direction: who does not read stops
// who writes.
//
// Others may share the open files and make them blocking at any time. So it reads and writes only what
// poll(2) says, and never more than that is good for.
//
// Life: start() → the monitor closes its end, or the output fails, or stop() and all is said → over.
//
// Thread: main thread.
#pragma once

#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace iothreadd {

class ByteRelay : public std::enable_shared_from_this<ByteRelay> {
public:
    struct Ends {
        UniqueFd socket; ///< our end of a pair
        UniqueFd input;  ///< from here to the socket; empty: nothing ever comes
        UniqueFd output; ///< to here from the socket
    };

    /// How long an output may take, in all, for what is left when the relay is stopped.
    static constexpr std::chrono::milliseconds kFlushTimeout{500};

    /// `subject` begins its lines in the log. `ended` is called later, once, unless it is stopped before.
    /// Throws: system_error when the event loop cannot watch an end.
    ByteRelay(boost::asio::io_context &io, std::string subject, Ends ends, std::function<void()> ended);

    /// Begin to copy. It keeps itself until it is over.
    void start();

    /// The input is at its end.
    bool input_ended() const { return input_ended_; }

    /// Copy no more, except what the socket's other end has sent already. Does not wait for that.
    void stop();

    /// Call `fn` when nothing is copied any more; now, if that is so. A relay that is dropped just drops
    /// `fn`.
    void when_over(std::function<void()> fn);

private:
    using Buffer = std::array<char, 4096>;

    boost::asio::awaitable<void> copy_input();
    boost::asio::awaitable<void> copy_output();
    boost::asio::awaitable<bool> write_output(std::span<const char> bytes);
    void be_over();
    void close();

    boost::asio::io_context &io_;
    const std::string subject_;
    boost::asio::local::stream_protocol::socket socket_;
    boost::asio::posix::stream_descriptor input_;
    boost::asio::posix::stream_descriptor output_;
    boost::asio::steady_timer flush_timer_;
    const std::size_t most_at_once_; ///< that the output takes without blocking when it is ready
    std::function<void()> ended_;
    std::vector<std::function<void()>> when_over_;
    Buffer from_input_{};
    Buffer from_socket_{};
    bool input_ended_ = false;
    bool stopped_ = false;
    bool over_ = false;
};

} // namespace iothreadd
