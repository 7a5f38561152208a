// SPDX-License-Identifier: Apache-2.0
//
// ByteRelay: copies bytes between a socket and descriptors that are none, such as a terminal's, so that
// monitors know nothing but sockets. It keeps at most one buffer of each direction: who does not read stops
// who writes.
//
// Life: start() → the monitor closes its end, or the output fails → `ended`; or stop().
//
// Thread: main thread.
#pragma once

#include "daemon/util/unique_fd.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace iothreadd {

class ByteRelay : public std::enable_shared_from_this<ByteRelay> {
public:
    struct Ends {
        UniqueFd socket; ///< our end of a pair
        UniqueFd input;  ///< from here to the socket; empty: nothing ever comes
        UniqueFd output; ///< to here from the socket
    };

    /// Begin to copy. `ended` is called later, once, unless it is stopped before.
    static std::shared_ptr<ByteRelay> start(boost::asio::io_context &io, Ends ends,
                                            std::function<void()> ended);

    /// The input is at its end.
    bool input_ended() const { return input_ended_; }

    /// Copy no more, except what the socket's other end has sent already.
    void stop();

    ByteRelay(boost::asio::io_context &io, Ends ends, std::function<void()> ended);

private:
    /// How long stop() waits for an output that takes nothing.
    static constexpr std::chrono::milliseconds kFlushTimeout{500};

    using Buffer = std::array<char, 4096>;

    boost::asio::awaitable<void> copy_input(std::shared_ptr<ByteRelay> self);
    boost::asio::awaitable<void> copy_output(std::shared_ptr<ByteRelay> self);
    void flush();
    void close();

    boost::asio::local::stream_protocol::socket socket_;
    boost::asio::posix::stream_descriptor input_;
    boost::asio::posix::stream_descriptor output_;
    std::function<void()> ended_;
    Buffer from_input_{};
    Buffer from_socket_{};
    std::span<const char> unwritten_; ///< of from_socket_
    bool input_ended_ = false;
};

} // namespace iothreadd
