// SPDX-License-Identifier: Apache-2.0
//
// BlockLimits: what suits a block node best. Hints only: a node takes any request.
//
// Thread: any.  Source: ImageInfo.limits of query-named-block-nodes.
#pragma once

#include <cstdint>

namespace iothreadd {

/// The unit in which images are measured; a node's size is a multiple of it.
inline constexpr std::uint64_t kSectorBytes = 512;
/// The largest node: what a file offset can express, in whole sectors.
inline constexpr std::uint64_t kNodeBytesMax = INT64_MAX / kSectorBytes * kSectorBytes;

struct BlockLimits {
    std::uint32_t request_alignment = 1; ///< of offset and length; a power of two, as all alignments here
    std::uint32_t min_mem_alignment = 1;
    std::uint32_t opt_mem_alignment = 4096;
    std::uint32_t max_iov = 1024;
};

/// `alignment` is a power of two.
constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

} // namespace iothreadd
