// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_buffers.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

using namespace iothreadd;

TEST_CASE("NbdBuffers: buffers are aligned and used again", "[nbd]") {
    NbdBuffers buffers;
    std::uint8_t *const first = buffers.take(5000);
    REQUIRE(first);
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 4096 == 0);
    CHECK(buffers.used_bytes() == 8192);
    first[4999] = 1;
    buffers.put(first, 5000);
    CHECK(buffers.used_bytes() == 0);
    CHECK(buffers.kept_bytes() == 8192);
    std::uint8_t *const second = buffers.take(8192);
    CHECK(second == first);
    buffers.put(second, 8192);
}

TEST_CASE("NbdBuffers: the sum stays below the limit", "[nbd]") {
    NbdBuffers buffers;
    std::uint8_t *const one = buffers.take(NbdBuffers::kLargestBytes);
    std::uint8_t *const two = buffers.take(NbdBuffers::kLargestBytes);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(!buffers.fits(1));
    buffers.put(two, NbdBuffers::kLargestBytes);
    CHECK(buffers.fits(1));

    SECTION("what is kept makes room for another size") {
        std::uint8_t *const small = buffers.take(1);
        REQUIRE(small);
        CHECK(buffers.used_bytes() + buffers.kept_bytes() <= NbdBuffers::kMaxBytes);
        buffers.put(small, 1);
    }
    buffers.put(one, NbdBuffers::kLargestBytes);
}

TEST_CASE("NbdBuffers: an idle connection gives its memory back", "[nbd]") {
    NbdBuffers buffers;
    std::uint8_t *const held = buffers.take(4096);
    buffers.put(buffers.take(1 << 20), 1 << 20);
    CHECK(buffers.trim_if_idle()); // there was a take() since the start
    CHECK(buffers.kept_bytes() == 1 << 20);
    CHECK(buffers.trim_if_idle()); // one is still in use
    CHECK(buffers.kept_bytes() == 0);
    buffers.put(held, 4096);
    CHECK(!buffers.trim_if_idle());
}
