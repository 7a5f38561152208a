// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/adaptive_poller.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace iothreadd;

namespace {
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// Two sources under one poller; a pass names those that fired.
struct Fixture {
    AdaptivePoller poller;
    PollSource a, b;

    void pass(std::int64_t waited_ns, const std::string &fired) {
        if (fired.find('A') != std::string::npos)
            poller.fired(a);
        if (fired.find('B') != std::string::npos)
            poller.fired(b);
        poller.observe({.ns = waited_ns, .gap_ns = waited_ns, .end_ns = 0});
    }
};

struct Row {
    std::int64_t waited_ns;
    std::string fired;
    std::int64_t a_ns, b_ns, budget_ns;
};

void check_rows(const std::vector<Row> &rows) {
    Fixture f;
    int number = 0;
    for (const Row &row : rows) {
        INFO("row " << ++number);
        f.pass(row.waited_ns, row.fired);
        CHECK(f.a.estimate_ns == row.a_ns);
        CHECK(f.b.estimate_ns == row.b_ns);
        CHECK(f.poller.budget_ns() == row.budget_ns);
    }
}
} // namespace

TEST_CASE("AdaptivePoller: one source follows the reference numbers", "[aio][poller]") {
    check_rows({
        {10000, "A", 10000, 0, 10000},
        {10000, "A", 10000, 0, 10000},
        {20000, "A", 11250, 0, 20000},
        {4000, "A", 10344, 0, 20000},
        {4000, "A", 9551, 0, 10000},
        {100000, "A", 20858, 0, 20858},
        {100000, "A", 30751, 0, 32768},
        {6000, "A", 27658, 0, 32768},
        {40000, "A", 29201, 0, 32768},
        {1000, "A", 25676, 0, 32768},
    });
}

TEST_CASE("AdaptivePoller: two sources follow the reference numbers", "[aio][poller]") {
    check_rows({
        {8000, "A", 8000, 0, 8000},
        {24000, "B", 32000, 24000, 24000},
        {8000, "A", 29000, 32000, 32768},
        {8000, "A", 26375, 0, 32768},
        {8000, "AB", 24079, 8000, 32768},
        {500, "", 24579, 8500, 32768},
        {2000, "B", 26579, 7688, 16384},
        {2000, "B", 28579, 6977, 8192},
    });
}

TEST_CASE("AdaptivePoller: sparse events halve the budget down to 1 ns", "[aio][poller]") {
    Fixture f;
    f.pass(30000, "A");
    std::vector<std::int64_t> budgets{f.poller.budget_ns()};
    for (int i = 0; i < 16; ++i) {
        f.pass(1'000'000, "A");
        budgets.push_back(f.poller.budget_ns());
    }
    CHECK(budgets == std::vector<std::int64_t>{30000, 15000, 7500, 3750, 1875, 937, 468, 234, 117, 58, 29, 14,
                                               7, 3, 1, 1, 1});
}

TEST_CASE("AdaptivePoller: an outlier lifts the estimate to the limit or resets it", "[aio][poller]") {
    Fixture f;
    f.pass(10000, "A");
    SECTION("just at the limit") {
        f.pass(192151, "A");
        CHECK(f.a.estimate_ns == 32768);
    }
    SECTION("just above it") {
        f.pass(192152, "A");
        CHECK(f.a.estimate_ns == 0);
    }
}

TEST_CASE("AdaptivePoller: a source that fires twice in a pass counts once", "[aio][poller]") {
    Fixture f;
    f.pass(8000, "A");
    f.poller.fired(f.a);
    f.poller.fired(f.a);
    f.poller.observe({.ns = 16000, .gap_ns = 16000, .end_ns = 0});
    CHECK(f.a.estimate_ns == 9000);
}

TEST_CASE("AdaptivePoller: new parameters forget what was learnt", "[aio][poller]") {
    Fixture f;
    f.pass(10000, "AB");
    f.poller.fired(f.a); // and a pass is under way
    f.poller.set_parameters({.max_ns = 50000});
    CHECK(f.a.estimate_ns == 0);
    CHECK(f.b.estimate_ns == 0);
    CHECK(f.poller.budget_ns() == 0);
    f.pass(20000, "B");
    CHECK(f.a.estimate_ns == 0);
    CHECK(f.b.estimate_ns == 20000);
    CHECK(f.poller.budget_ns() == 20000);
}

TEST_CASE("AdaptivePoller: a limit of 0 decides nothing", "[aio][poller]") {
    Fixture f;
    f.poller.set_parameters({.max_ns = 0});
    CHECK(!f.poller.enabled());
    f.pass(10000, "A");
    CHECK(f.a.estimate_ns == 0);
    CHECK(f.poller.budget_ns() == 0);
}

TEST_CASE("AdaptivePoller: 0 asks for the default of grow, shrink and weight", "[aio][poller]") {
    CHECK(PollParameters{.max_ns = 7, .grow = 0, .shrink = 0, .weight = 0}.resolved() ==
          PollParameters{.max_ns = 7, .grow = 2, .shrink = 2, .weight = 3});
    Fixture f;
    f.poller.set_parameters({.max_ns = 32768, .grow = 0, .shrink = 0, .weight = 0});
    f.pass(10000, "A");
    f.pass(20000, "A");
    CHECK(f.a.estimate_ns == 11250);
    CHECK(f.poller.budget_ns() == 20000);
}

TEST_CASE("AdaptivePoller: the largest parameters saturate", "[aio][poller]") {
    Fixture f;
    f.poller.set_parameters({.max_ns = kMost, .grow = kMost, .shrink = kMost, .weight = 63});
    f.pass(10000, "A");
    f.pass(20000, "B");
    CHECK(f.poller.budget_ns() == kMost); // 10000 grown
    f.pass(kMost, "B");
    CHECK(f.a.estimate_ns == kMost); // 30000 aged
}

TEST_CASE("AdaptivePoller: a source may go away at any time", "[aio][poller]") {
    Fixture f;
    {
        PollSource fired, known;
        f.poller.fired(known);
        f.poller.observe({.ns = 1000, .gap_ns = 1000, .end_ns = 0});
        f.poller.fired(fired);
    }
    f.pass(10000, "A");
    CHECK(f.poller.budget_ns() == 10000);
}
