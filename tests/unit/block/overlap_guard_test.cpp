// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/overlap_guard.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace iothreadd;

namespace {

class Ticket final : public OverlapGuard::Ticket {
public:
    void granted() override { ++grants; }
    int grants = 0;
};

} // namespace

TEST_CASE("OverlapGuard: serialising writes wait only for those they overlap", "[block][overlap]") {
    OverlapGuard guard;
    Ticket first, apart, second, third;
    CHECK(guard.acquire(first, {0, 100}));
    CHECK(guard.acquire(apart, {100, 200}));
    CHECK_FALSE(guard.acquire(second, {50, 60}));
    CHECK_FALSE(guard.acquire(third, {55, 120}));

    guard.release(first);
    CHECK(second.grants == 1);
    CHECK(third.grants == 0); // still behind `apart` and `second`
    guard.release(second);
    CHECK(third.grants == 0);
    guard.release(apart);
    CHECK(third.grants == 1);
    guard.release(third);
    CHECK(second.grants == 1);
}

TEST_CASE("OverlapGuard: a late ticket does not overtake one that waits", "[block][overlap]") {
    OverlapGuard guard;
    Ticket first, waiting, late;
    CHECK(guard.acquire(first, {0, 10}));
    CHECK_FALSE(guard.acquire(waiting, {0, 30}));
    CHECK_FALSE(guard.acquire(late, {20, 30}));
    guard.release(first);
    CHECK(waiting.grants == 1);
    CHECK(late.grants == 0);
    guard.release(waiting);
    guard.release(late);
}

TEST_CASE("OverlapGuard: an ordinary write learns of a serialising one in its time and place",
          "[block][overlap]") {
    OverlapGuard guard;
    Ticket ticket;

    SECTION("none") { CHECK(guard.undisturbed(guard.stamp(), {0, 10})); }
    SECTION("over before it began") {
        REQUIRE(guard.acquire(ticket, {0, 10}));
        guard.release(ticket);
        CHECK(guard.undisturbed(guard.stamp(), {0, 10}));
    }
    SECTION("still under way at its end") {
        const auto stamp = guard.stamp();
        REQUIRE(guard.acquire(ticket, {0, 10}));
        CHECK_FALSE(guard.undisturbed(stamp, {5, 15}));
        CHECK(guard.undisturbed(stamp, {10, 20}));
        guard.release(ticket);
    }
    SECTION("within its time") {
        const auto stamp = guard.stamp();
        REQUIRE(guard.acquire(ticket, {0, 10}));
        guard.release(ticket);
        CHECK_FALSE(guard.undisturbed(stamp, {5, 15}));
        CHECK(guard.undisturbed(stamp, {10, 20}));
    }
    SECTION("begun before it, ended within") {
        REQUIRE(guard.acquire(ticket, {0, 10}));
        const auto stamp = guard.stamp();
        guard.release(ticket);
        CHECK_FALSE(guard.undisturbed(stamp, {5, 15}));
        CHECK(guard.undisturbed(stamp, {10, 20}));
    }
    SECTION("begun before it, still under way at its end") {
        REQUIRE(guard.acquire(ticket, {0, 10}));
        const auto stamp = guard.stamp();
        CHECK_FALSE(guard.undisturbed(stamp, {5, 15}));
        guard.release(ticket);
    }
    SECTION("waiting for its turn all the time") {
        Ticket waiting;
        REQUIRE(guard.acquire(ticket, {0, 10}));
        REQUIRE_FALSE(guard.acquire(waiting, {0, 20}));
        const auto stamp = guard.stamp();
        CHECK(guard.undisturbed(stamp, {10, 20})); // it has not read anything yet
        guard.release(ticket);
        CHECK_FALSE(guard.undisturbed(stamp, {10, 20}));
        guard.release(waiting);
    }
}

TEST_CASE("OverlapGuard: more serialising writes than it remembers count as overlapping",
          "[block][overlap]") {
    OverlapGuard guard;
    const auto stamp = guard.stamp();
    const auto pass = [&](int count) {
        for (int i = 0; i < count; ++i) {
            Ticket ticket;
            REQUIRE(guard.acquire(ticket, {1000, 1010}));
            guard.release(ticket);
        }
    };
    pass(64);
    CHECK(guard.undisturbed(stamp, {0, 10}));
    pass(1);
    CHECK_FALSE(guard.undisturbed(stamp, {0, 10}));
}
