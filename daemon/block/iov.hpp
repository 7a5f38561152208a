// SPDX-License-Identifier: Apache-2.0
//
// Copying between scattered buffers and one piece of memory.
//
// Thread: any.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace iothreadd {

/// Bytes `skip` to `skip + target.size()` of `iov`, into `target`. `iov` has them.
void iov_gather(std::span<const iovec> iov, std::uint64_t skip, std::span<std::byte> target);
/// `source` into `iov` from byte `skip` on. `iov` has the room.
void iov_scatter(std::span<const iovec> iov, std::uint64_t skip, std::span<const std::byte> source);
/// Clear `bytes` bytes of `iov` from byte `skip` on. `iov` has them.
void iov_clear(std::span<const iovec> iov, std::uint64_t skip, std::uint64_t bytes);
/// Whether each buffer starts at a multiple of `memory` and has a multiple of `length` bytes; powers of two.
bool iov_is_aligned(std::span<const iovec> iov, std::uint32_t memory, std::uint32_t length);

} // namespace iothreadd
