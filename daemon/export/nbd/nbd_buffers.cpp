// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_buffers.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <new>
#include <utility>

namespace iothreadd {

namespace {

constexpr std::size_t kAlignment = 4096;

std::size_t capacity(std::size_t bytes) {
    assert(bytes > 0 && bytes <= NbdBuffers::kLargestBytes);
    return std::max(std::bit_ceil(bytes), NbdBuffers::kSmallestBytes);
}

std::size_t class_of(std::size_t capacity_bytes) {
    return static_cast<std::size_t>(std::countr_zero(capacity_bytes / NbdBuffers::kSmallestBytes));
}

} // namespace

static_assert(NbdBuffers::kSmallestBytes << 13 == NbdBuffers::kLargestBytes);

NbdBuffers::~NbdBuffers() {
    assert(used_bytes_ == 0);
    trim();
}

bool NbdBuffers::fits(std::size_t bytes) const { return used_bytes_ + capacity(bytes) <= kMaxBytes; }

std::uint8_t *NbdBuffers::take(std::size_t bytes) {
    assert(fits(bytes));
    taken_ = true;
    const std::size_t size = capacity(bytes);
    Kept *&kept = kept_[class_of(size)];
    void *buffer = kept;
    if (kept) {
        kept = kept->next;
        kept_bytes_ -= size;
    } else {
        if (used_bytes_ + kept_bytes_ + size > kMaxBytes)
            trim();
        buffer = std::aligned_alloc(kAlignment, size);
        if (!buffer)
            return nullptr;
    }
    used_bytes_ += size;
    return static_cast<std::uint8_t *>(buffer);
}

void NbdBuffers::put(std::uint8_t *buffer, std::size_t bytes) {
    const std::size_t size = capacity(bytes);
    Kept *&kept = kept_[class_of(size)];
    kept = ::new (static_cast<void *>(buffer)) Kept{kept};
    used_bytes_ -= size;
    kept_bytes_ += size;
}

void NbdBuffers::trim() {
    for (Kept *&kept : kept_) {
        while (kept)
            std::free(std::exchange(kept, kept->next));
    }
    kept_bytes_ = 0;
}

bool NbdBuffers::trim_if_idle() {
    if (!std::exchange(taken_, false))
        trim();
    return used_bytes_ + kept_bytes_ > 0;
}

} // namespace iothreadd
