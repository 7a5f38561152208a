// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/bottom_half.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

TEST_CASE("BottomHalf: runs once in the next pass", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    int runs = 0;
    BottomHalf bh{*context, [&] { ++runs; }};
    bh.schedule();
    CHECK(runs == 0);
    SECTION("scheduled once") {}
    SECTION("scheduled twice") { bh.schedule(); }
    CHECK(context->poll(true));
    CHECK(runs == 1);
    CHECK(!context->poll(false));
    CHECK(runs == 1);
}

TEST_CASE("BottomHalf: one that schedules itself runs once per pass", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    int runs = 0;
    std::optional<BottomHalf> bh;
    bh.emplace(*context, [&] {
        if (++runs < 10)
            bh->schedule();
    });
    bh->schedule();
    for (int pass = 1; pass <= 10; ++pass) {
        CHECK(context->poll(true));
        CHECK(runs == pass);
    }
    CHECK(!context->poll(false));
    CHECK(runs == 10);
}

TEST_CASE("BottomHalf: what is cancelled or destroyed does not run", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    int runs = 0;
    std::optional<BottomHalf> bh{std::in_place, *context, [&] { ++runs; }};
    bh->schedule();
    SECTION("cancelled") {
        bh->cancel();
        CHECK(!context->poll(false));
        CHECK(runs == 0);
        SECTION("and scheduled again") {
            bh->schedule();
            CHECK(context->poll(true));
            CHECK(runs == 1);
        }
    }
    SECTION("cancelled and scheduled while still queued") {
        bh->cancel();
        bh->schedule();
        CHECK(context->poll(true));
        CHECK(runs == 1);
    }
    SECTION("destroyed") {
        bh.reset();
        CHECK(!context->poll(false));
        CHECK(runs == 0);
    }
}

TEST_CASE("BottomHalf: may be destroyed in its own callback", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    const bool scheduled_again = GENERATE(false, true);
    struct Case {
        int limit = 0;
        int runs = 0;
        std::string used_afterwards = std::string(100, 'x'); // a use after free shows
        std::optional<BottomHalf> bh{};
    };
    Case cases[4] = {{1}, {3}, {2}, {4}};
    for (Case &c : cases) {
        c.bh.emplace(*context, [&c, scheduled_again, own = c.used_afterwards] {
            if (++c.runs < c.limit) {
                c.bh->schedule();
                return;
            }
            if (scheduled_again)
                c.bh->schedule();
            c.bh.reset();
            REQUIRE(own.size() == 100);
        });
        c.bh->schedule();
    }
    run_until_idle(*context);
    for (const Case &c : cases)
        CHECK(c.runs == c.limit);
}

TEST_CASE("BottomHalf: run in the order in which they were scheduled", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    std::string order;
    BottomHalf a{*context, [&] { order += 'a'; }};
    BottomHalf b{*context, [&] { order += 'b'; }};
    b.schedule();
    context->post([&] { order += '1'; });
    a.schedule();
    context->post([&, moved = std::make_unique<int>(2)] { order += std::to_string(*moved); });
    b.schedule(); // already queued: keeps its place
    CHECK(context->poll(false));
    CHECK(order == "b1a2");
}

TEST_CASE("BottomHalf: a pass inside a callback goes on with the rest", "[aio][bh]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    std::string order;
    context->post([&] {
        context->post([&] { order += 'n'; });
        CHECK(context->poll(true)); // must not wait for what the outer pass was about to run
        order += 'o';
    });
    context->post([&] { order += 'r'; });
    CHECK(context->poll(true));
    CHECK(order == "rno");
    CHECK(!context->poll(false));
}

TEST_CASE("BottomHalf: outlives its context when nothing is queued", "[aio][bh]") {
    auto context = make_context(GENERATE(from_range(monitors())));
    int runs = 0;
    BottomHalf bh{*context, [&] { ++runs; }};
    bh.schedule();
    bool posted = false;
    context->post([&] { posted = true; });
    context.reset(); // delivers
    CHECK(runs == 1);
    CHECK(posted);
}

TEST_CASE("BottomHalf: carries what its scheduler wrote to another thread", "[aio][bh]") {
    LoopThread loop{GENERATE(from_range(monitors()))};
    int written = 0; // plain: ThreadSanitizer checks the hand-over
    std::atomic<int> seen{0};
    BottomHalf bh{loop.context(), [&] { seen = written; }};
    for (int i = 1; i <= 1000; ++i) {
        written = i;
        bh.schedule();
        while (seen != i)
            std::this_thread::yield();
    }
    CHECK(seen == 1000);
    loop.call([] {});
}

TEST_CASE("BottomHalf: many threads schedule many, none is lost", "[aio][bh]") {
    LoopThread loop{GENERATE(from_range(monitors()))};
    constexpr int kThreads = 4, kEach = 2000;
    int ran = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < kEach; ++i)
                loop.context().post([&] { ++ran; });
        });
    for (std::thread &thread : threads)
        thread.join();
    int total = 0;
    loop.call([&] { total = ran; });
    CHECK(total == kThreads * kEach);
}
