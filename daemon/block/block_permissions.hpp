// SPDX-License-Identifier: Apache-2.0
//
// BlockPermissions: what a user needs of a node, and what it lets nobody else do.
//
// Thread: any.  Source: the permissions of QEMU's block graph; the bit numbers are those of its lock bytes.
#pragma once

#include <cstdint>

namespace iothreadd {

struct BlockPermissions {
    static constexpr std::uint8_t kConsistentRead = 1, kWrite = 2, kWriteUnchanged = 4, kResize = 8;
    static constexpr int kCount = 4;

    std::uint8_t held = 0;
    std::uint8_t unshared = 0;

    BlockPermissions operator|(BlockPermissions other) const {
        return {static_cast<std::uint8_t>(held | other.held),
                static_cast<std::uint8_t>(unshared | other.unshared)};
    }
    /// What is here and not in `other`.
    BlockPermissions without(BlockPermissions other) const {
        return {static_cast<std::uint8_t>(held & ~other.held),
                static_cast<std::uint8_t>(unshared & ~other.unshared)};
    }
};

} // namespace iothreadd
