// SPDX-License-Identifier: Apache-2.0
//
// Whom an event loop charges for what runs in it, on a clock that moves 1 us at each look.
#include "daemon/aio/aio_home.hpp"
#include "daemon/aio/run_meter.hpp"
#include "daemon/aio/thread_pool.hpp"
#include "tests/unit/aio/aio_test.hpp"

#include <liburing.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::int64_t kStepNs = 1000;

/// A callback works so long.
void work_for(std::int64_t time_ns) { ManualClock::now_ns += time_ns; }

struct Task final : ThreadPoolTask {
    int run() override { return 0; }
    void complete(int) override {
        account = &AioContext::current()->account();
        done = true;
    }
    AioAccount *account = nullptr;
    bool done = false;
};

struct Nop final : AioCompletion {
    void complete(int) override {
        account = &AioContext::current()->account();
        done = true;
    }
    AioAccount *account = nullptr;
    bool done = false;
};

void run_until(AioContext &context, const bool &done) {
    for (int pass = 0; pass < 10'000 && !done; ++pass)
        context.poll(true);
    REQUIRE(done);
}

} // namespace

TEST_CASE("RunMeter: charges each account its time", "[aio][meter]") {
    ManualClock::start(0);
    RunMeter meter{ManualClock::read};
    AioAccount a, b;
    meter.begin(ManualClock::read());
    CHECK(meter.running().since_ns == ManualClock::now_ns);
    meter.charge(&a);
    CHECK(meter.running().account == &a);
    work_for(100);
    meter.charge(&a); // another callback of the same
    work_for(200);
    meter.charge(&b);
    work_for(50);
    meter.charge(nullptr); // the loop's own
    work_for(7);
    const RunMeter::Run run = meter.end();
    CHECK(run.ns == 357);
    CHECK(run.first == &a);
    CHECK(run.longest == &a);
    CHECK(a.snapshot().run_ns == 300);
    CHECK(a.snapshot().longest_run_ns == 300);
    CHECK(a.snapshot().callbacks == 2);
    CHECK(b.snapshot().run_ns == 50);
    CHECK(b.snapshot().callbacks == 1);
    CHECK(meter.running().since_ns == 0);
}

TEST_CASE("RunMeter: a pass without users charges none", "[aio][meter]") {
    ManualClock::start(0);
    RunMeter meter{ManualClock::read};
    meter.begin(ManualClock::read());
    meter.charge(nullptr);
    CHECK(meter.end().first == nullptr);
}

TEST_CASE("RunMeter: waiting inside of a callback is nobody's run", "[aio][meter]") {
    ManualClock::start(0);
    RunMeter meter{ManualClock::read};
    AioAccount outer, inner;
    meter.begin(ManualClock::read());
    meter.charge(&outer);
    work_for(10);
    AioAccount &suspended = meter.suspend();
    CHECK(meter.running().since_ns == 0);
    work_for(1'000'000); // sleeps
    meter.begin_inner(ManualClock::read());
    meter.charge(&inner);
    work_for(20);
    meter.resume(suspended);
    CHECK(&meter.current() == &outer);
    work_for(5);
    CHECK(meter.end().ns == 35);
    CHECK(outer.snapshot().run_ns == 15);
    CHECK(inner.snapshot().run_ns == 20);
}

TEST_CASE("Accounts: what a user starts is charged to the user", "[aio][meter]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    AioAccount user;
    EventHandler handler;
    std::optional<BottomHalf> bh;
    std::optional<AioTimer> timer;
    AioAccount *by_handler = nullptr, *by_bh = nullptr, *by_timer = nullptr, *by_post = nullptr;
    bool posted = false, ticked = false, fired = false;
    handler.on_ready = [&] {
        by_handler = &context->account();
        bh->schedule();
    };
    context->post_for(user, [&] {
        bh.emplace(*context, [&] {
            by_bh = &context->account();
            context->post([&] {
                by_post = &context->account();
                posted = true;
            });
        });
        timer.emplace(*context, [&] {
            by_timer = &context->account();
            ticked = true;
        });
        context->add(handler);
        timer->arm_after(kStepNs);
        fired = true;
    });
    CHECK(&context->account() != &user);
    run_until(*context, fired);
    handler.set();
    run_until(*context, posted);
    run_until(*context, ticked);
    for (const AioAccount *account : {by_handler, by_bh, by_timer, by_post})
        CHECK(account == &user);
    CHECK(user.snapshot().callbacks == 5);
    CHECK(user.snapshot().run_ns > 0);

    SECTION("also where another thread schedules the user's bottom half") {
        by_bh = nullptr;
        posted = false;
        std::thread{[&] { bh->schedule(); }}.join();
        run_until(*context, posted);
        CHECK(by_bh == &user);
    }
    context->remove(handler);
    timer.reset();
    bh.reset();
}

TEST_CASE("Accounts: operations end on the account of who submitted them", "[aio][meter]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    AioAccount first, second;
    Task tasks[2];
    AioHome{*context, &first}.post([&] { context->thread_pool().submit(tasks[0]); });
    AioHome{*context, &second}.post([&] { context->thread_pool().submit(tasks[1]); });
    run_until(*context, tasks[0].done);
    run_until(*context, tasks[1].done);
    CHECK(tasks[0].account == &first);
    CHECK(tasks[1].account == &second);
    if (!context->has_ring())
        return;
    Nop nop;
    AioHome{*context, &second}.post(
        [&] { context->submit(nop, [](io_uring_sqe *sqe) { ::io_uring_prep_nop(sqe); }); });
    run_until(*context, nop.done);
    CHECK(nop.account == &second);
}

TEST_CASE("Accounts: say whose events polling and sleeping waited for", "[aio][meter]") {
    ManualClock::start(kStepNs);
    const auto context = make_context(
        {.fd_monitor = GENERATE(from_range(monitors())), .clock = ManualClock::read, .yields = false});
    AioAccount user;
    PolledHandler handler;
    bool added = false;
    context->post_for(user, [&] {
        context->add(handler);
        added = true;
    });
    run_until(*context, added);
    const std::uint64_t slept_before = user.snapshot().wakes;
    handler.set();
    while (handler.events_seen == 0)
        context->poll(true);
    CHECK(user.snapshot().wakes == slept_before + 1);
    CHECK(user.snapshot().hits == 0);
    handler.on_probe = [&] { handler.work = handler.probes == 2; };
    context->poll(true);
    REQUIRE(handler.hits == 1);
    const AioAccountStats stats = user.snapshot();
    CHECK(stats.hits == 1);
    CHECK(stats.useful_ns == context->stats().useful_ns);
    CHECK(stats.wakes == slept_before + 1);
    std::uint64_t gaps = 0;
    for (const std::uint64_t count : stats.gaps)
        gaps += count;
    CHECK(gaps >= 2);
    context->remove(handler);
}

TEST_CASE("Accounts: a node keeps its payer, whoever schedules it", "[aio][meter]") {
    struct Turn final : BottomHalfNode {
        using BottomHalfNode::set_payer;
        void run() override { account = &AioContext::current()->account(); }
        AioAccount *account = nullptr;
    };
    const auto context = make_context(FdMonitorKind::epoll);
    AioAccount one, other;
    Turn turn;
    turn.set_payer(one);
    context->post_for(other, [&] { context->schedule(turn); });
    run_until_idle(*context);
    CHECK(turn.account == &one);
}

TEST_CASE("Accounts: one that retires in its own callback lives until that is over", "[aio][meter]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    auto account = std::make_unique<AioAccount>();
    AioAccount &user = *account;
    bool nested = GENERATE(false, true);
    context->post_for(user, [&] {
        context->retire(std::move(account));
        while (nested && context->poll(false)) {
        }
    });
    run_until_idle(*context);
    CHECK(&context->account() != &user);
}

TEST_CASE("Stalls: a pass whose callbacks take too long is told of, with who took longest", "[aio][meter]") {
    ManualClock::start(0);
    std::vector<AioStall> stalls;
    const auto context = std::move(*AioContext::create(
        {.clock = ManualClock::read, .on_stall = [&](const AioStall &stall) { stalls.push_back(stall); }}));
    AioAccount quick, slow;
    context->set_stall_limit(1000);
    const auto pass = [&](std::int64_t quick_ns, std::int64_t slow_ns) {
        context->post_for(quick, [=] { work_for(quick_ns); });
        context->post_for(slow, [=] { work_for(slow_ns); });
        context->poll(false);
    };
    pass(400, 600);
    CHECK(stalls.empty());
    pass(400, 601);
    REQUIRE(stalls.size() == 1);
    CHECK(stalls[0].ns == 1001);
    CHECK(stalls[0].account == &slow);
    CHECK(context->stats().stalls == 1);
    context->set_stall_limit(0);
    pass(1'000'000, 1'000'000);
    CHECK(stalls.size() == 1);
}

TEST_CASE("AioContext: says that it woke before it serves", "[aio][meter]") {
    int wakes = 0;
    int wakes_before_event = 0;
    const auto context = std::move(*AioContext::create({.on_wake = [&] { ++wakes; }}));
    context->set_stall_limit(kNsPerSecond);
    EventHandler handler;
    handler.on_ready = [&] { wakes_before_event = wakes; };
    context->add(handler);
    run_until_idle(*context);
    wakes = 0;
    std::thread producer{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{50}); // it sleeps by now
        handler.set();
    }};
    while (handler.events_seen == 0)
        context->poll(true);
    producer.join();
    CHECK(wakes_before_event >= 1);
    context->remove(handler);
}
