// SPDX-License-Identifier: Apache-2.0
//
// NbdSlot: one NBD request from its header to the last byte of its reply. A connection has a fixed number of
// them and uses them again and again.
//
// Thread: home thread of the connection.
#pragma once

#include "daemon/block/block_request.hpp"
#include "protocol/nbd/transmission.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace iothreadd {

class NbdSlot;

class NbdSlotOwner {
public:
    /// The node has finished with `slot`: 0 or -errno.
    virtual void request_done(NbdSlot &slot, int result) = 0;

protected:
    ~NbdSlotOwner() = default;
};

class NbdSlot final : public BlockRequest {
public:
    void complete(int result) override { owner->request_done(*this, result); }

    NbdSlotOwner *owner = nullptr;
    nbd::Request request{};
    std::uint8_t *buffer = nullptr; ///< request.length_bytes of it are used
    iovec data{};                   ///< what BlockRequest::iov points to
    std::array<std::uint8_t, nbd::kMaxReplyBytes> reply{};
    std::size_t reply_bytes = 0;
    bool reply_has_data = false; ///< `data` follows the reply
};

} // namespace iothreadd
