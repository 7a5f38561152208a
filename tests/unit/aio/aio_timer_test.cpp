// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_timer.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <optional>
#include <string>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr std::int64_t kMs = 1'000'000;
}

TEST_CASE("AioTimer: ends a sleep, is not early, and may arm itself again", "[aio][timer]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    std::vector<std::int64_t> late_ns;
    std::int64_t due_ns = context->now_ns() + 20 * kMs;
    std::optional<AioTimer> timer;
    timer.emplace(*context, [&] {
        late_ns.push_back(context->now_ns() - due_ns);
        if (late_ns.size() == 1) {
            due_ns = context->now_ns() + 20 * kMs;
            timer->arm_at(due_ns);
        }
    });
    timer->arm_at(due_ns);
    CHECK(!context->poll(false));
    while (late_ns.size() < 2)
        context->poll(true);
    CHECK(late_ns[0] >= 0);
    CHECK(late_ns[1] >= 0);
    CHECK(!timer->armed());
    CHECK(context->stats().blocks >= 2);
}

TEST_CASE("AioTimer: runs sorted, the same instant in order of arming", "[aio][timer]") {
    ManualClock::start(0);
    const auto context =
        make_context({.fd_monitor = GENERATE(from_range(monitors())), .clock = ManualClock::read});
    std::string order;
    AioTimer a{*context, [&] { order += 'a'; }};
    AioTimer b{*context, [&] { order += 'b'; }};
    AioTimer c{*context, [&] { order += 'c'; }};
    AioTimer d{*context, [&] { order += 'd'; }};
    c.arm_after(2 * kMs);
    a.arm_after(kMs);
    b.arm_after(kMs);
    d.arm_after(3 * kMs);
    a.arm_after(kMs); // armed anew: behind b
    ManualClock::now_ns += 2 * kMs - 1;
    CHECK(context->poll(true));
    CHECK(order == "ba");
    SECTION("what is not due waits") {
        CHECK(!context->poll(false));
        CHECK(order == "ba");
    }
    SECTION("what is due runs") {
        ManualClock::now_ns += 1;
        CHECK(context->poll(true));
        CHECK(order == "bac");
    }
    d.cancel();
    ManualClock::now_ns += 10 * kMs;
    run_until_idle(*context);
    CHECK(order == "bac");
}

TEST_CASE("AioTimer: one that is always due runs once per pass", "[aio][timer]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    int runs = 0;
    std::optional<AioTimer> timer;
    timer.emplace(*context, [&] {
        ++runs;
        timer->arm_at(-1);
    });
    timer->arm_at(0);
    for (int pass = 1; pass <= 5; ++pass) {
        CHECK(context->poll(true));
        CHECK(runs == pass);
    }
    timer->cancel();
    CHECK(!context->poll(false));
}

TEST_CASE("AioTimer: may cancel or destroy others and itself in a callback", "[aio][timer]") {
    ManualClock::start(0);
    const auto context =
        make_context({.fd_monitor = GENERATE(from_range(monitors())), .clock = ManualClock::read});
    std::optional<AioTimer> a, b, c;
    std::string order;
    a.emplace(*context, [&, own = std::string(100, 'x')] {
        order += 'a';
        b->cancel();
        c.reset();
        a.reset();
        order += own.substr(0, 1);
    });
    b.emplace(*context, [&] { order += 'b'; });
    c.emplace(*context, [&] { order += 'c'; });
    a->arm_after(1);
    b->arm_after(1); // due in the same pass as a
    c->arm_after(1);
    ManualClock::now_ns += kMs;
    run_until_idle(*context);
    CHECK(order == "ax");
}

TEST_CASE("AioTimer: a pass inside a callback runs the other due timers", "[aio][timer]") {
    ManualClock::start(0);
    const auto context =
        make_context({.fd_monitor = GENERATE(from_range(monitors())), .clock = ManualClock::read});
    std::string order;
    AioTimer outer{*context, [&] {
                       CHECK(context->poll(true));
                       order += 'o';
                   }};
    AioTimer inner{*context, [&] { order += 'i'; }};
    outer.arm_after(1);
    inner.arm_after(2);
    ManualClock::now_ns += kMs;
    CHECK(context->poll(true));
    CHECK(order == "io");
}

TEST_CASE("AioTimer: a deadline beyond the end of time is never", "[aio][timer]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    AioTimer timer{*context, [] { FAIL("ran"); }};
    timer.arm_after(std::numeric_limits<std::int64_t>::max());
    CHECK(!context->poll(false));
    context->notify();
    CHECK(!context->poll(true));
}
