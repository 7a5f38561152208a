// SPDX-License-Identifier: Apache-2.0
//
// HandlerSlots: names for registrations that are safe to give to the kernel. An event can arrive, or be
// queued already, after its handler was removed and destroyed; it then carries a token that means nothing any
// more, instead of a pointer that dangles.
//
// Thread: home thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace iothreadd {

class AioHandler;

class HandlerSlots {
public:
    /// Give `handler` a new token. Tokens are odd, so none equals the address of an object.
    void insert(AioHandler &handler);

    /// Replace the token: events under the old one are void.
    void renew(AioHandler &handler);

    /// Void the token of `handler`.
    void erase(AioHandler &handler);

    /// Who has `token` now; null: nobody any more.
    AioHandler *find(std::uint64_t token) const;

    /// The most handlers that were registered at one time.
    std::size_t capacity() const { return slots_.size(); }

private:
    struct Slot {
        AioHandler *handler;
        std::uint32_t generation; // 2^32 reuses of one slot while an event is queued cannot happen
    };

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

} // namespace iothreadd
