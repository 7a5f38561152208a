// SPDX-License-Identifier: Apache-2.0
//
// MemoryNode: a block node that keeps its bytes in memory, remembers what it was asked, and can be told to
// fail or to hold requests back.
#pragma once

#include "daemon/aio/aio_context.hpp"
#include "daemon/block/block_node.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <vector>

namespace iothreadd::test {

class MemoryNode final : public BlockNode {
public:
    MemoryNode(IOThreadPool &pool, std::uint64_t size_bytes, bool read_only = false)
        : BlockNode(pool, {.name = "f0",
                           .driver = "memory",
                           .filename = "memory",
                           .size_bytes = size_bytes,
                           .read_only = read_only}),
          bytes(size_bytes) {}

    std::uint64_t allocated_bytes() const override { return bytes.size(); }

    struct Seen {
        BlockOp op;
        std::uint64_t offset_bytes;
        std::uint64_t bytes;
        bool fua;
        bool may_unmap;
        bool no_fallback;
    };

    /// Let what is held end, oldest first; with `hold` set, what comes later is held again.
    void release(std::size_t count = ~std::size_t{0}) {
        for (; count > 0 && !held.empty(); --count) {
            BlockRequest *const request = held.front();
            held.pop_front();
            finish_later(*request, perform(*request));
        }
    }

    std::vector<std::uint8_t> bytes;
    std::vector<Seen> seen;          ///< every request, in order
    std::deque<BlockRequest *> held; ///< with `hold` set
    bool hold = false;
    int result = 0;                     ///< what requests end with
    AioContext *last_context = nullptr; ///< where the last request was submitted

protected:
    void start(BlockRequest &request) override {
        seen.push_back({request.op, request.offset_bytes, request.bytes, request.fua, request.may_unmap,
                        request.no_fallback});
        last_context = AioContext::current();
        if (hold)
            held.push_back(&request);
        else
            finish_later(request, perform(request));
    }
    Result<void> update_permissions(BlockPermissions) override { return {}; }

private:
    int perform(const BlockRequest &request) {
        if (result != 0)
            return result;
        std::uint8_t *at = bytes.data() + request.offset_bytes;
        for (const iovec &part : request.iov) {
            if (request.op == BlockOp::read)
                std::memcpy(part.iov_base, at, part.iov_len);
            else
                std::memcpy(at, part.iov_base, part.iov_len);
            at += part.iov_len;
        }
        if (request.op == BlockOp::write_zeroes || request.op == BlockOp::discard)
            std::fill_n(at, request.bytes, std::uint8_t{0});
        return 0;
    }
};

} // namespace iothreadd::test
