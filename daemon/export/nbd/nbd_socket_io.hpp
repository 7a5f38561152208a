// SPDX-License-Identifier: Apache-2.0
//
// The two ends of an NBD connection's socket: NbdInput collects what arrives, NbdOutput sends what was
// answered. Both move as much as one system call can: small requests come several at a time through a buffer,
// payload goes straight to where it belongs, and all replies that are ready leave together.
//
// Thread: home thread of the connection.
#pragma once

#include "daemon/export/nbd/nbd_slot.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace iothreadd {

/// Requests that one connection has in flight; then it stops reading.
inline constexpr std::size_t kNbdSlots = 16;

enum class SocketStatus {
    moved,   ///< some bytes; perhaps there is more to do
    drained, ///< some bytes, and the socket had no more (input only)
    blocked, ///< nothing until the socket is ready again
    ended,   ///< the peer sends no more (input only)
    failed,  ///< the connection is of no use any more
};

class NbdInput {
public:
    /// Receive: `destination` is filled first, what comes after it is buffered. `direct_bytes` tells how much
    /// went to `destination`.
    SocketStatus receive(int fd, std::span<std::uint8_t> destination, std::size_t &direct_bytes);

    std::span<const std::uint8_t> buffered() const {
        return std::span{buffer_}.subspan(begin_, end_ - begin_);
    }
    void consume(std::size_t bytes) {
        assert(bytes <= end_ - begin_);
        begin_ += bytes;
    }

private:
    static constexpr std::size_t kBufferBytes = 16384;

    std::array<std::uint8_t, kBufferBytes> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

class NbdOutput {
public:
    bool empty() const { return count_ == 0; }
    void push(NbdSlot &slot);
    /// The oldest reply that is not completely sent.
    NbdSlot &front() const { return *queue_[first_]; }
    bool front_is_sent() const;
    void pop();

    /// Send as much as the socket takes; afterwards pop() what is sent.
    SocketStatus send(int fd);

private:
    std::size_t fill(std::span<iovec> vector) const;

    std::array<NbdSlot *, kNbdSlots> queue_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t sent_bytes_ = 0; ///< from the front of the queue
};

} // namespace iothreadd
