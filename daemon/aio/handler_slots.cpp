// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/handler_slots.hpp"

#include "daemon/aio/aio_handler.hpp"

#include <cassert>

namespace iothreadd {

namespace {
// Low to high: 2 bits that say "a slot", 30 bits of index, 32 bits of generation.
constexpr std::uint64_t kTag = 1;

std::uint64_t make_token(std::size_t index, std::uint32_t generation) {
    return std::uint64_t{generation} << 32 | std::uint64_t{index} << 2 | kTag;
}

std::size_t index_of(std::uint64_t token) { return (token & 0xffff'ffff) >> 2; }
} // namespace

void HandlerSlots::insert(AioHandler &handler) {
    if (free_.empty()) {
        assert(slots_.size() < (std::size_t{1} << 30));
        slots_.push_back({nullptr, 0});
        free_.reserve(slots_.size()); // erase() allocates nothing
        free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].handler = &handler;
    handler.token_ = make_token(index, slots_[index].generation);
}

void HandlerSlots::renew(AioHandler &handler) {
    const std::size_t index = index_of(handler.token_);
    assert(find(handler.token_) == &handler);
    handler.token_ = make_token(index, ++slots_[index].generation);
}

void HandlerSlots::erase(AioHandler &handler) {
    const std::size_t index = index_of(handler.token_);
    assert(find(handler.token_) == &handler);
    slots_[index].handler = nullptr;
    ++slots_[index].generation;
    free_.push_back(static_cast<std::uint32_t>(index));
    handler.token_ = 0;
}

AioHandler *HandlerSlots::find(std::uint64_t token) const {
    const std::size_t index = index_of(token);
    if (index >= slots_.size() || token != make_token(index, slots_[index].generation))
        return nullptr;
    return slots_[index].handler;
}

} // namespace iothreadd
