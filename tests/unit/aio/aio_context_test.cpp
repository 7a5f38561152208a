// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_context.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

TEST_CASE("AioContext: belongs to the thread that created it", "[aio][context]") {
    CHECK(AioContext::current() == nullptr);
    {
        const auto context = make_context(GENERATE(from_range(monitors())));
        CHECK(AioContext::current() == context.get());
        std::thread{[] { CHECK(AioContext::current() == nullptr); }}.join();
    }
    CHECK(AioContext::current() == nullptr);
}

TEST_CASE("AioContext: its thread wakes up on time", "[aio][context]") {
    std::thread{[] {
        const auto context = make_context(FdMonitorKind::epoll);
        CHECK(::prctl(PR_GET_TIMERSLACK) == 1);
    }}.join();
}

TEST_CASE("AioContext: tells what its sleeps cost, also when only descriptors end them", "[aio][context]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    context->add(handler);
    run_until_idle(*context);
    CHECK(context->stats().block_cost == BlockCost{});
    const std::uint64_t enough = context->stats().blocks + 2 * BlockMeter::kFirstSleeps;
    std::atomic<bool> stop{false};
    std::thread producer{[&] {
        while (!stop) {
            ::eventfd_write(handler.fd(), 1);
            std::this_thread::sleep_for(
                std::chrono::milliseconds{1}); // the loop sleeps again, for longer than an alarm
        }
    }};
    while (context->stats().blocks < enough)
        context->poll(true);
    stop = true;
    producer.join();
    CHECK(context->stats().block_cost.cpu_ns != BlockCost{}.cpu_ns);
    CHECK(context->stats().block_cost.latency_ns != BlockCost{}.latency_ns);
    context->remove(handler);
}

TEST_CASE("AioContext: a look at an idle ring costs no system call", "[aio][context]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    context->add(handler);
    run_until_idle(*context);
    const AioStats before = context->stats();
    for (int i = 0; i < 100; ++i)
        CHECK(!context->poll(false));
    const AioStats after = context->stats();
    CHECK(after.passes - before.passes == 100);
    CHECK(after.blocks == before.blocks);
    CHECK(after.enters - before.enters == (context->has_ring() ? 0 : 100));
    context->remove(handler);
}

TEST_CASE("AioContext: counts its sleeps", "[aio][context]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    context->set_poll_parameters({.max_ns = 0});
    AioTimer timer{*context, [] {}};
    timer.arm_after(2'000'000);
    while (timer.armed())
        context->poll(true);
    const AioStats stats = context->stats();
    CHECK(stats.blocks >= 1);
    CHECK(stats.blocked_ns >= 1'000'000);
    CHECK(stats.poll_rounds == 0);
}

TEST_CASE("AioContext: settings from another thread are in force before what it posts next",
          "[aio][context]") {
    LoopThread loop{GENERATE(from_range(monitors()))};
    PolledHandler handler;
    loop.call([&] { loop.context().add(handler); });
    loop.context().set_poll_parameters({.max_ns = 0});
    loop.call([&] {
        handler.probes = 0;
        handler.set();
    });
    while (true) {
        int seen = 0;
        loop.call([&] { seen = handler.events_seen; });
        if (seen > 0)
            break;
    }
    CHECK(loop.context().stats().budget_ns == 0);
    loop.call([&] { loop.context().remove(handler); });
    CHECK(handler.probes == 0);
}

TEST_CASE("AioContext: many lives leave nothing behind", "[aio][context]") {
    const FdMonitorKind kind = GENERATE(from_range(monitors()));
    const int first = make_eventfd().get();
    for (int i = 0; i < 200; ++i) {
        const auto context = make_context(kind);
        EventHandler handler;
        context->add(handler);
        handler.set();
        CHECK(context->poll(true));
        context->remove(handler);
    }
    CHECK(make_eventfd().get() == first); // no descriptor leaked
}
