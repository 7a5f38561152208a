// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/poll_policy.hpp"

#include "daemon/aio/adaptive_poller.hpp"
#include "daemon/aio/clock.hpp"
#include "daemon/aio/saturating.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace iothreadd;

namespace {
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Fixture {
    explicit Fixture(const PollParameters &parameters) : poller(parameters) {}
    ~Fixture() {
        poller.forget(a);
        poller.forget(b);
    }

    void pass(std::int64_t waited_ns, std::vector<PollSource *> fired) {
        now_ns = saturating_add(now_ns, waited_ns);
        for (PollSource *const source : fired)
            poller.fired(*source);
        poller.observe({.ns = waited_ns, .gap_ns = waited_ns, .end_ns = now_ns});
    }
    std::vector<std::int64_t> estimates_of_a(const std::vector<std::int64_t> &waits_ns) {
        std::vector<std::int64_t> estimates;
        for (const std::int64_t waited_ns : waits_ns) {
            pass(waited_ns, {&a});
            estimates.push_back(a.estimate_ns);
        }
        return estimates;
    }

    AdaptivePoller poller;
    PollSource a, b;
    std::int64_t now_ns = 0;
};

struct Classic : Fixture {
    Classic() : Fixture({.rule = PollRule::classic}) {}
};

struct Predictive : Fixture {
    Predictive() : Fixture({.rule = PollRule::predictive}) {}
    /// Spinning for the price of a miss, with the usual costs.
    static constexpr std::int64_t kDefaultNs = 5500 + 4 * (5400 - 250);
};

} // namespace

TEST_CASE("ClassicPolicy: doubles a time that was too short and drops it after a long wait",
          "[aio][poller]") {
    Classic f;
    CHECK(f.estimates_of_a({10000, 10000, 10000, 10000, 30000, 40000, 20000, 32768, 32767, 9000}) ==
          std::vector<std::int64_t>{4000, 8000, 16000, 16000, 32000, 0, 4000, 4000, 8000, 16000});
    CHECK(f.poller.budget_ns() == 16000);
}

TEST_CASE("ClassicPolicy: divides it where a divisor is given", "[aio][poller]") {
    Fixture f({.rule = PollRule::classic, .shrink = 2});
    CHECK(f.estimates_of_a({10000, 20000, 30000, 30000, 40000, 40000, 40000}) ==
          std::vector<std::int64_t>{4000, 8000, 16000, 32000, 16000, 8000, 4000});
    CHECK(f.poller.budget_ns() == 4000);
}

TEST_CASE("ClassicPolicy: the budget is the longest time of all sources", "[aio][poller]") {
    Classic f;
    f.pass(20000, {&f.a});
    f.pass(20000, {&f.a});
    f.pass(40000, {&f.b});
    CHECK(f.a.estimate_ns == 8000);
    CHECK(f.b.estimate_ns == 0);
    CHECK(f.poller.budget_ns() == 8000);
    f.pass(20000, {&f.b});
    CHECK(f.poller.budget_ns() == 8000);
    SECTION("until its source drops it") {
        f.pass(40000, {&f.a});
        CHECK(f.poller.budget_ns() == 4000);
    }
    SECTION("until its source goes") {
        f.poller.forget(f.a);
        f.pass(1000, {&f.b});
        CHECK(f.poller.budget_ns() == 4000);
    }
    SECTION("until its source was silent for 7 s") {
        f.pass(7 * kNsPerSecond - 60001, {});
        CHECK(f.poller.budget_ns() == 8000);
        f.pass(1, {&f.b});
        CHECK(f.a.estimate_ns == 0);
        CHECK(f.poller.budget_ns() == 4000);
    }
}

TEST_CASE("ClassicPolicy: the largest parameters saturate", "[aio][poller]") {
    Fixture f({.rule = PollRule::classic, .max_ns = kMost, .grow = kMost, .shrink = kMost});
    CHECK(f.estimates_of_a({10000, 10000, kMost}) == std::vector<std::int64_t>{4000, kMost, kMost});
}

TEST_CASE("PredictivePolicy: spins for the price of a miss as long as nothing is known", "[aio][poller]") {
    Predictive f;
    CHECK(f.poller.budget_ns() == Predictive::kDefaultNs);
    f.poller.set_block_cost({.cpu_ns = 1000, .latency_ns = 2250});
    f.pass(1'000'000, {&f.a});
    CHECK(f.poller.budget_ns() == 9000);
    Fixture short_limit({.rule = PollRule::predictive, .max_ns = 6000});
    CHECK(short_limit.poller.budget_ns() == 6000);
}

TEST_CASE("PredictivePolicy: spins just long enough for steady events, and not at all for rare ones",
          "[aio][poller]") {
    Predictive f;
    const auto after = [&f](std::int64_t gap_ns) {
        for (int i = 0; i < 1000; ++i)
            f.pass(gap_ns, {&f.a});
        return f.poller.budget_ns();
    };
    CHECK(after(5000) == 5656); // the bound of its bucket
    CHECK(after(1'000'000) == 0);
    CHECK(after(5000) == 5656);
    CHECK(after(kMost) == 0);
}

TEST_CASE("PredictivePolicy: one outlier in many steady gaps changes nothing", "[aio][poller]") {
    Predictive f;
    for (int i = 0; i < 100; ++i)
        f.pass(3000, {&f.a});
    const std::int64_t before_ns = f.poller.budget_ns();
    f.pass(192'151, {&f.a});
    f.pass(3000, {&f.a});
    CHECK(f.poller.budget_ns() == before_ns);
}

TEST_CASE("PredictivePolicy: knows a request from a completion", "[aio][poller]") {
    Predictive f;
    for (int i = 0; i < 100; ++i) {
        f.pass(80'000, {&f.b}); // the device took its time
        f.pass(5000, {&f.a});   // the next request comes soon
    }
    CHECK(f.poller.budget_ns() == 0); // a slow device
    f.pass(80'000, {&f.b});
    CHECK(f.poller.budget_ns() == 5656);
}

TEST_CASE("PredictivePolicy: a pass without an event is part of the gap", "[aio][poller]") {
    Predictive f;
    for (int i = 0; i < 100; ++i) {
        f.pass(2000, {});
        CHECK(f.poller.budget_ns() <= Predictive::kDefaultNs - 2000);
        f.pass(3000, {&f.a});
    }
    CHECK(f.poller.budget_ns() == 5656);
    f.pass(2000, {});
    CHECK(f.poller.budget_ns() == 3656);
    f.pass(10000, {});
    CHECK(f.poller.budget_ns() == 0);
}

TEST_CASE("PredictivePolicy: a source that goes takes its histories along", "[aio][poller]") {
    Predictive f;
    for (int i = 0; i < 100; ++i)
        f.pass(1'000'000, {&f.a});
    CHECK(f.poller.budget_ns() == 0);
    f.poller.forget(f.a);
    CHECK(f.a.histories == nullptr);
    CHECK(f.poller.budget_ns() == Predictive::kDefaultNs);
    f.pass(5000, {&f.b});
    f.pass(5000, {&f.a});
    CHECK(f.poller.budget_ns() == Predictive::kDefaultNs);
}

TEST_CASE("PredictivePolicy: latency that is worth nothing, and a great deal", "[aio][poller]") {
    Fixture cheap({.rule = PollRule::predictive, .latency_weight = 0});
    CHECK(cheap.poller.budget_ns() == 5500);
    Fixture dear({.rule = PollRule::predictive, .latency_weight = 1000});
    CHECK(dear.poller.budget_ns() == 32768);
    for (int i = 0; i < 100; ++i) {
        cheap.pass(7000, {&cheap.a});
        dear.pass(7000, {&dear.a});
    }
    CHECK(cheap.poller.budget_ns() == 0);
    CHECK(dear.poller.budget_ns() == 8000);
}

TEST_CASE("GapBuckets: half octaves up to the limit", "[aio][poller]") {
    const GapBuckets buckets(32768);
    CHECK(buckets.size() == 14);
    CHECK(buckets.bound_ns(0) == 500);
    CHECK(buckets.bound_ns(1) == 707);
    CHECK(buckets.bound_ns(12) == 32000);
    CHECK(buckets.max_ns() == 32768);
    CHECK(buckets.bucket_of(0) == 0);
    CHECK(buckets.bucket_of(500) == 0);
    CHECK(buckets.bucket_of(501) == 1);
    CHECK(buckets.bucket_of(32768) == 13);
    CHECK(buckets.bucket_of(32769) == 14);

    CHECK(GapBuckets(1).max_ns() == 1);
    CHECK(GapBuckets(1).size() == 1);
    const GapBuckets largest(kMost);
    CHECK(largest.size() == GapBuckets::kMostBuckets);
    CHECK(largest.max_ns() == 2'048'000);
}
