// SPDX-License-Identifier: Apache-2.0
//
// NullNode: driver `null-co`, an image without storage for measuring everything else. Writes go nowhere, each
// request may take a set time. Reads give zeroes, always: what is not read from somewhere must not show our
// own memory.
//
// Thread: as BlockNode.  Source: QEMU's null-co, which without read-zeroes leaves the buffer as it was.
#pragma once

#include "daemon/block/block_node.hpp"

namespace iothreadd {

namespace qapi {
struct BlockdevOptionsNull;
}

class NullNode final : public BlockNode {
public:
    struct Options {
        std::uint64_t latency_ns = 0;
    };

    NullNode(IOThreadPool &iothreads, BlockNodeInfo info, const Options &options);

    std::uint64_t allocated_bytes() const override { return 0; }

protected:
    void start(BlockRequest &request) override;
    Result<void> update_permissions(BlockPermissions) override { return {}; }

private:
    class Delay;

    const Options options_;
};

/// `info` has what all drivers know; size and filename follow from `options`.
/// Errors: a size or latency that no node can have.
Result<std::unique_ptr<BlockNode>> open_null_node(IOThreadPool &iothreads, BlockNodeInfo info,
                                                  const qapi::BlockdevOptionsNull &options);

} // namespace iothreadd
