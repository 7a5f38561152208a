// SPDX-License-Identifier: Apache-2.0
//
// BlockRequest: one read, write, flush, discard or write-zeroes on its way through a block node. The
// submitter owns it and uses it again; it carries the room that the driver needs, so a request costs no
// allocation.
//
// Thread: belongs to the AioContext that submits it, from submit() to complete().
#pragma once

#include <sys/uio.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace iothreadd {

enum class BlockOp : std::uint8_t { read, write, flush, discard, write_zeroes };

class BlockRequest {
public:
    /// Room for the driver's own state; file_request.hpp is what fills it most.
    static constexpr std::size_t kDriverStateBytes = 512;

    BlockRequest() = default;
    BlockRequest(const BlockRequest &) = delete;
    BlockRequest &operator=(const BlockRequest &) = delete;

    // Set by the submitter, constant while in flight.
    BlockOp op = BlockOp::read;
    bool fua = false;         ///< write, discard, write_zeroes: durable before it completes
    bool may_unmap = false;   ///< write_zeroes: the range may be deallocated
    bool no_fallback = false; ///< write_zeroes: fail with -ENOTSUP rather than write zeroes slowly
    std::uint64_t offset_bytes = 0;
    std::uint64_t bytes = 0;
    std::span<const iovec>
        iov{}; ///< read and write: exactly `bytes`; must live until complete(), as must its buffers

    /// The request has ended: 0 or -errno, never a short count. Runs once per submit(), on the AioContext
    /// that submitted, never inside submit(). The request may be submitted again, or destroyed, from here.
    virtual void complete(int result) = 0;

    /// Between submit() and complete().
    bool in_flight() const { return in_flight_; }

    /// For drivers: build the state of this flight in the request's own room; finish() destroys it.
    template <class State, class... Args>
    State &emplace_driver_state(Args &&...args) {
        static_assert(sizeof(State) <= kDriverStateBytes && alignof(State) <= alignof(std::max_align_t));
        assert(in_flight_);
        return *::new (static_cast<void *>(driver_state_)) State(std::forward<Args>(args)...);
    }

protected:
    ~BlockRequest() { assert(!in_flight_); }

private:
    friend class BlockNode; // starts and ends the flight

    bool in_flight_ = false;
    alignas(std::max_align_t) std::byte driver_state_[kDriverStateBytes];
};

} // namespace iothreadd
