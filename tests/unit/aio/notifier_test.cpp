// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/notifier.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr auto kDeadline = std::chrono::seconds{40};
} // namespace

TEST_CASE("Notifier: two threads play ping-pong, each sleeping in turn", "[aio][notifier]") {
    const FdMonitorKind kind = GENERATE(from_range(monitors()));
    LoopThread left{kind, {.max_ns = 0}}, right{kind, {.max_ns = 0}};
    constexpr int kRounds = 5000;
    int rounds = 0; // plain: it moves with the ball
    std::promise<void> over;
    std::optional<BottomHalf> ping, pong;
    ping.emplace(left.context(), [&] {
        if (++rounds == kRounds)
            over.set_value();
        else
            pong->schedule();
    });
    pong.emplace(right.context(), [&] { ping->schedule(); });
    ping->schedule();
    REQUIRE(over.get_future().wait_for(kDeadline) == std::future_status::ready);
    CHECK(left.context().stats().blocks > 0);
    right.call([] {});
    left.call([] {});
}

TEST_CASE("Notifier: notify before a sleep prevents it and is no progress", "[aio][notifier]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    run_until_idle(*context);
    context->notify();
    CHECK(!context->poll(true));
    CHECK(context->stats().blocks == 0);
    CHECK(!context->poll(false));
}

TEST_CASE("Notifier: notify ends a sleep and is no progress", "[aio][notifier]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    std::atomic<bool> over{false};
    std::thread other{[&] {
        while (!over) {
            context->notify();
            std::this_thread::yield();
        }
    }};
    while (context->stats().blocks < 10)
        CHECK(!context->poll(true));
    over = true;
    other.join();
}

TEST_CASE("Notifier: a loop that does not sleep costs its notifiers no system call", "[aio][notifier]") {
    auto notifier = std::move(Notifier::create(false).value());
    pollfd watched{notifier->fd(), POLLIN, 0};
    notifier->notify();
    CHECK(notifier->notified());
    CHECK(::poll(&watched, 1, 0) == 0);
    CHECK(notifier->prepare_wait()); // do not sleep
    notifier->notify();              // flagged already: written all the same
    CHECK(::poll(&watched, 1, 0) == 1);
    notifier->finish_wait();
    notifier->accept();
    CHECK(!notifier->notified());
    CHECK(!notifier->prepare_wait());
}

TEST_CASE("Notifier: an external loop is always told", "[aio][notifier]") {
    auto notifier = std::move(Notifier::create(true).value());
    pollfd watched{notifier->fd(), POLLIN, 0};
    CHECK(!notifier->prepare_wait());
    notifier->finish_wait();
    notifier->accept();
    notifier->notify();
    CHECK(::poll(&watched, 1, 0) == 1);
}

TEST_CASE("AioContext: five loops live, pass a message to each other's thread, and end", "[aio][context]") {
    const FdMonitorKind kind = GENERATE(from_range(monitors()));
    std::deque<LoopThread> loops;
    for (int i = 0; i < 5; ++i)
        loops.emplace_back(kind);
    for (LoopThread &loop : loops) {
        AioContext *home = nullptr;
        loop.call([&] { home = AioContext::current(); });
        CHECK(home == &loop.context());
    }
    CHECK(AioContext::current() == nullptr);
}
