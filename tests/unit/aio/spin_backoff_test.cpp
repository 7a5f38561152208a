// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/spin_backoff.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {

constexpr std::int64_t kNow = 5'000'000'000;
constexpr SpinBackoff::Spin kGood{.ns = 5'000, .longest_round_ns = 100, .hit = true};
constexpr SpinBackoff::Spin kJump{.ns = 60'000, .longest_round_ns = SpinBackoff::kJumpNs, .hit = true};

/// How many waits in a row may not spin.
unsigned waits_without_spin(SpinBackoff &backoff) {
    unsigned waits = 0;
    while (!backoff.may_spin(kNow))
        ++waits;
    return waits;
}

/// Spins until the kernel would be asked, and tells it `switches`.
void check_after_spins(SpinBackoff &backoff, std::int64_t switches) {
    unsigned spins = 1;
    while (!backoff.spun(kGood))
        ++spins;
    CHECK(spins == SpinBackoff::kSpinsPerCheck);
    backoff.check(switches);
}

} // namespace

TEST_CASE("SpinBackoff: lets a loop spin as long as nobody takes its CPU", "[aio][poller]") {
    SpinBackoff backoff;
    for (int i = 0; i < 100; ++i) {
        CHECK(backoff.may_spin(kNow));
        check_after_spins(backoff, 7);
    }
    CHECK(backoff.count() == 0);
}

TEST_CASE("SpinBackoff: a jump of the clock while it spins is a sign", "[aio][poller]") {
    SpinBackoff backoff;
    CHECK(!backoff.spun({.ns = 60'000, .longest_round_ns = SpinBackoff::kJumpNs - 1, .hit = true}));
    CHECK(backoff.may_spin(kNow));
    CHECK(!backoff.spun(kJump));
    CHECK(backoff.count() == 1);
    CHECK(waits_without_spin(backoff) == SpinBackoff::kFirstWaits);
}

TEST_CASE("SpinBackoff: an involuntary switch is a sign", "[aio][poller]") {
    SpinBackoff backoff;
    check_after_spins(backoff, 40); // what happened before does not count
    CHECK(backoff.may_spin(kNow));
    check_after_spins(backoff, 41);
    CHECK(backoff.count() == 1);
    CHECK(waits_without_spin(backoff) == SpinBackoff::kFirstWaits);
    check_after_spins(backoff, 99); // nor what happened while it slept
    CHECK(backoff.count() == 1);
}

TEST_CASE("SpinBackoff: each sign doubles its time, up to a limit", "[aio][poller]") {
    SpinBackoff backoff;
    for (unsigned waits = SpinBackoff::kFirstWaits; waits < SpinBackoff::kMostWaits; waits *= 2) {
        backoff.spun(kJump);
        CHECK(waits_without_spin(backoff) == waits);
    }
    for (int i = 0; i < 3; ++i) {
        backoff.spun(kJump);
        CHECK(waits_without_spin(backoff) == SpinBackoff::kMostWaits);
    }
}

TEST_CASE("SpinBackoff: good times make it forget", "[aio][poller]") {
    SpinBackoff backoff;
    for (int i = 0; i < 4; ++i) {
        backoff.spun(kJump);
        waits_without_spin(backoff);
    }
    for (unsigned i = 0; i <= SpinBackoff::kGoodChecks; ++i)
        check_after_spins(backoff, 5);
    backoff.spun(kJump);
    CHECK(waits_without_spin(backoff) == SpinBackoff::kFirstWaits);
}

TEST_CASE("SpinBackoff: spins that find next to nothing are a sign", "[aio][poller]") {
    SpinBackoff backoff;
    const auto spin = [&](unsigned times, unsigned hits) {
        for (unsigned i = 0; i < times; ++i)
            backoff.spun({.ns = 20'000, .longest_round_ns = 100, .hit = i < hits});
    };
    spin(SpinBackoff::kSpinsPerVerdict, 7); // 183 us for each
    CHECK(backoff.may_spin(kNow));
    spin(SpinBackoff::kSpinsPerVerdict, 6); // 213 us
    CHECK(waits_without_spin(backoff) == SpinBackoff::kFirstWaits);
    spin(SpinBackoff::kSpinsPerRetrial, 2); // 160 us
    CHECK(backoff.may_spin(kNow));
    spin(SpinBackoff::kSpinsPerRetrial, 0);
    CHECK(waits_without_spin(backoff) == 2 * SpinBackoff::kFirstWaits);
    CHECK(backoff.count() == 2);
}

TEST_CASE("SpinBackoff: a loop that rarely waits does not back off for ever", "[aio][poller]") {
    SpinBackoff backoff;
    backoff.spun(kJump);
    CHECK(!backoff.may_spin(kNow));
    CHECK(!backoff.may_spin(kNow + SpinBackoff::kMostNs - 1));
    CHECK(backoff.may_spin(kNow + SpinBackoff::kMostNs));
    CHECK(backoff.may_spin(kNow + SpinBackoff::kMostNs));
}
