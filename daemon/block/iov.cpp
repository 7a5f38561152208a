// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/iov.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace iothreadd {
namespace {

/// Call `visit(memory, length)` for each piece of the `bytes` bytes after the first `skip`.
template <class Visit>
void for_each_piece(std::span<const iovec> iov, std::uint64_t skip, std::uint64_t bytes, Visit &&visit) {
    for (const iovec &entry : iov) {
        if (bytes == 0)
            return;
        if (skip >= entry.iov_len) {
            skip -= entry.iov_len;
            continue;
        }
        const std::size_t length = std::min<std::uint64_t>(entry.iov_len - skip, bytes);
        visit(static_cast<std::byte *>(entry.iov_base) + skip, length);
        bytes -= length;
        skip = 0;
    }
    assert(bytes == 0);
}

} // namespace

void iov_gather(std::span<const iovec> iov, std::uint64_t skip, std::span<std::byte> target) {
    std::byte *to = target.data();
    for_each_piece(iov, skip, target.size(), [&](const std::byte *memory, std::size_t length) {
        std::memcpy(to, memory, length);
        to += length;
    });
}

void iov_scatter(std::span<const iovec> iov, std::uint64_t skip, std::span<const std::byte> source) {
    const std::byte *from = source.data();
    for_each_piece(iov, skip, source.size(), [&](std::byte *memory, std::size_t length) {
        std::memcpy(memory, from, length);
        from += length;
    });
}

void iov_clear(std::span<const iovec> iov, std::uint64_t skip, std::uint64_t bytes) {
    for_each_piece(iov, skip, bytes,
                   [](std::byte *memory, std::size_t length) { std::memset(memory, 0, length); });
}

bool iov_is_aligned(std::span<const iovec> iov, std::uint32_t memory, std::uint32_t length) {
    std::uintptr_t bases = 0;
    std::size_t lengths = 0;
    for (const iovec &entry : iov) {
        bases |= reinterpret_cast<std::uintptr_t>(entry.iov_base);
        lengths |= entry.iov_len;
    }
    return (bases & (memory - 1)) == 0 && (lengths & (length - 1)) == 0;
}

} // namespace iothreadd
