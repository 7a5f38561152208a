// SPDX-License-Identifier: Apache-2.0
//
// Polling as a context does it, on a clock that moves 1 us at each look: budgets and rounds are exact.
#include "daemon/aio/poll_mode.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <liburing.h>

#include <functional>
#include <memory>
#include <string>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr std::int64_t kStepNs = 1000;

std::unique_ptr<AioContext> make_polling_context(FdMonitorKind kind) {
    ManualClock::start(kStepNs);
    return make_context({.fd_monitor = kind, .clock = ManualClock::read, .yields = false});
}

/// Let `handler` fire once through its descriptor: it joins polling, and the context gets a budget.
void let_join(AioContext &context, EventHandler &handler) {
    const int before = handler.events_seen;
    handler.set();
    while (handler.events_seen == before)
        context.poll(true);
    REQUIRE(context.stats().budget_ns >= kStepNs);
}

class Read : public AioCompletion {
public:
    void complete(int r) override { result = r; }
    int result = 0;
    std::uint64_t value = 0;
};
} // namespace

TEST_CASE("Polling: a handler is probed once it has fired, and served without a system call",
          "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    CHECK(handler.probes == 0);
    CHECK(handler.begins == 0);

    handler.on_probe = [&] { handler.work = handler.probes == 2; };
    const AioStats before = context->stats();
    CHECK(context->poll(true));
    const AioStats after = context->stats();
    CHECK(handler.hits == 1);
    CHECK(handler.probes == 2);
    CHECK(handler.events_seen == 1);
    CHECK(handler.begins == 1);
    CHECK(handler.ends == 0); // poll mode survives
    CHECK(after.poll_rounds - before.poll_rounds == 2);
    CHECK(after.hits - before.hits == 1);
    CHECK(after.spun_ns() - before.spun_ns() == 2 * kStepNs);
    CHECK(after.misses == before.misses);
    CHECK(after.blocks == before.blocks);
    CHECK(after.enters == before.enters);
    CHECK(!context->poll(false));
    CHECK(handler.ends == 0);
    context->remove(handler);
    CHECK(handler.ends == 0); // a removed handler is left alone
}

TEST_CASE("Polling: a spin that finds nothing ends poll mode and sleeps", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    handler.on_end = [&] { handler.set(); }; // the producer kicks again
    const AioStats before = context->stats();
    CHECK(context->poll(true));
    const AioStats after = context->stats();
    CHECK(handler.events_seen == 2);
    CHECK(handler.hits == 0);
    CHECK(handler.begins == 1);
    CHECK(handler.ends == 1);
    CHECK(after.misses - before.misses == 1);
    CHECK(after.blocks - before.blocks == 1);
    CHECK(after.spun_ns() - before.spun_ns() >= static_cast<std::uint64_t>(before.budget_ns));
    CHECK(handler.probes >= before.budget_ns / kStepNs);
    context->remove(handler);
}

TEST_CASE("Polling: work that came while poll mode ended is seen", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    handler.on_end = [&] { handler.work = true; }; // without a kick
    const std::uint64_t blocks = context->stats().blocks;
    CHECK(context->poll(true));
    CHECK(handler.hits == 1);
    CHECK(handler.ends == 1);
    CHECK(context->stats().blocks == blocks);
    SECTION("and what comes during probe_ready, too") {
        handler.on_probe_ready = [&] { handler.work = handler.hits == 2; };
        CHECK(context->poll(true));
        CHECK(handler.hits == 2);
        CHECK(context->poll(true));
        CHECK(handler.hits == 3);
    }
    handler.on_end = [] {};
    context->remove(handler);
}

TEST_CASE("Polling: what poll_end queues ends the sleep", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    EventHandler added;
    context->add(handler);
    let_join(*context, handler);
    bool ran = false;
    BottomHalf bh{*context, [&] { ran = true; }};
    AioTimer timer{*context, [&] { ran = true; }};
    SECTION("a bottom half") {
        handler.on_end = [&] { bh.schedule(); };
    }
    SECTION("a timer") {
        handler.on_end = [&] { timer.arm_after(kStepNs); };
    }
    SECTION("a handler that is ready") {
        added.on_ready = [&] { ran = true; };
        added.set();
        handler.on_end = [&] { context->add(added); };
    }
    for (int pass = 0; pass < 10 && !ran; ++pass)
        context->poll(true);
    CHECK(ran);
    if (added.registered())
        context->remove(added);
    context->remove(handler);
}

TEST_CASE("Polling: a notification ends a spin without a system call", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    run_until_idle(*context);
    handler.on_probe = [&] { context->notify(); };
    const AioStats before = context->stats();
    CHECK(!context->poll(true));
    const AioStats after = context->stats();
    CHECK(after.hits - before.hits == 1);
    CHECK(after.poll_rounds - before.poll_rounds == 1);
    CHECK(after.enters == before.enters);
    CHECK(handler.ends == 0);
    context->remove(handler);
}

TEST_CASE("Polling: a handler without work for 7 s is left to its descriptor", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler idle, busy;
    context->add(idle);
    context->add(busy);
    let_join(*context, busy);
    let_join(*context, idle);
    const std::int64_t idle_since_ns = ManualClock::now_ns;
    busy.on_probe = [&] { busy.work = true; };
    CHECK(context->poll(true));
    CHECK(idle.probes > 0);
    const int ends = idle.ends;

    ManualClock::now_ns = idle_since_ns + PollMode::kIdleNs - 100 * kStepNs;
    CHECK(context->poll(true));
    CHECK(idle.ends == ends);
    ManualClock::now_ns += 100 * kStepNs;
    SECTION("with a last probe, in vain") {
        CHECK(context->poll(true));
        CHECK(idle.hits == 0);
        if (context->has_ring()) { // epoll would not see the descriptor while it polls the other one
            CHECK(idle.ends == ends + 1);
            const int probes = idle.probes;
            CHECK(context->poll(true));
            CHECK(idle.probes == probes);
        }
    }
    SECTION("with a last probe that finds work") {
        idle.on_end = [&] { idle.work = true; };
        CHECK(context->poll(true));
        if (context->has_ring())
            CHECK(idle.hits == 1);
        idle.on_end = [] {};
    }
    // Back with its next event, by its descriptor.
    idle.set();
    for (int pass = 0; pass < 10 && idle.events_seen == 1; ++pass)
        CHECK(context->poll(true));
    CHECK(idle.events_seen == 2);
    const int probes = idle.probes;
    CHECK(context->poll(true));
    CHECK(idle.probes > probes);
    context->remove(idle);
    context->remove(busy);
}

TEST_CASE("Polling: a maximum of 0 never probes", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    SECTION("from the start") {
        context->set_poll_parameters({.max_ns = 0});
        for (int i = 1; i <= 5; ++i) {
            handler.set();
            CHECK(context->poll(true));
            CHECK(handler.events_seen == i);
        }
        CHECK(handler.probes == 0);
        CHECK(handler.begins == 0);
        CHECK(context->stats().poll_rounds == 0);
    }
    SECTION("set while poll mode is on: ends it, with a last probe") {
        let_join(*context, handler);
        handler.on_probe = [&] { handler.work = true; };
        CHECK(context->poll(true));
        REQUIRE(handler.begins == 1);
        handler.on_probe = [] {};
        handler.on_end = [&] { handler.work = true; };
        context->set_poll_parameters({.max_ns = 0});
        CHECK(handler.ends == 1);
        CHECK(context->poll(true));
        CHECK(handler.hits == 2);
        const int probes = handler.probes;
        handler.set();
        CHECK(context->poll(true));
        CHECK(handler.probes == probes);
        context->set_poll_parameters({}); // and back: it is still known
        let_join(*context, handler);
        handler.on_probe = [&] { handler.work = true; };
        CHECK(context->poll(true));
        CHECK(handler.hits == 3);
    }
    context->remove(handler);
}

TEST_CASE("Polling: new parameters start from nothing", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    context->add(handler);
    let_join(*context, handler);
    context->set_poll_parameters({.max_ns = 10000});
    CHECK(context->stats().budget_ns == 0);
    let_join(*context, handler);
    CHECK(context->stats().budget_ns <= 10000);
    context->remove(handler);
}

TEST_CASE("Polling: a budget below the price of poll mode is no budget", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    handler.on_end = [&] { // sparse events halve the budget
        ManualClock::now_ns += 1'000'000;
        handler.set();
    };
    for (int i = 0; i < 100 && context->stats().budget_ns >= 500; ++i)
        context->poll(true);
    CHECK(context->stats().budget_ns == 0);
    const std::uint64_t rounds = context->stats().poll_rounds;
    handler.set();
    CHECK(context->poll(true));
    CHECK(context->stats().poll_rounds == rounds);
    context->remove(handler);
}

TEST_CASE("Polling: a storm of bottom halves does not starve a polled handler", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    handler.on_probe = [&] { handler.work = handler.probes == 1; };
    CHECK(context->poll(true));
    REQUIRE(handler.begins == 1); // its producer does not kick any more
    handler.on_probe = [] {};

    bool storm = true;
    std::optional<BottomHalf> bh;
    bh.emplace(*context, [&] {
        if (storm)
            bh->schedule();
    });
    bh->schedule();
    for (int round = 1; round <= 3; ++round) {
        for (int pass = 0; pass < 5; ++pass)
            context->poll(true);
        handler.work = true;
        int passes = 0;
        while (handler.hits == round && passes < 100) {
            context->poll(true);
            ++passes;
        }
        CHECK(passes <= 8);
        CHECK(handler.hits == round + 1);
    }
    CHECK(handler.ends == 0);
    storm = false;
    run_until_idle(*context);
    context->remove(handler);
}

TEST_CASE("Polling: a storm of bottom halves does not starve a descriptor", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler with_probe;
    EventHandler without;
    EventHandler &handler = GENERATE(false, true) ? with_probe : without;
    context->add(handler);
    bool storm = true;
    std::optional<BottomHalf> bh;
    bh.emplace(*context, [&] {
        if (storm)
            bh->schedule();
    });
    bh->schedule();
    for (int pass = 0; pass < 5; ++pass)
        context->poll(true);
    handler.set();
    int passes = 0;
    for (; handler.events_seen == 0 && passes < 100; ++passes)
        context->poll(true);
    CHECK(passes <= 8);
    storm = false;
    run_until_idle(*context);
    context->remove(handler);
}

TEST_CASE("Polling: a descriptor without a probe takes part", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler polled;
    EventHandler plain;
    context->add(polled);
    context->add(plain);
    let_join(*context, polled);
    polled.on_probe = [&] {
        if (polled.probes == 2)
            plain.set();
    };
    const AioStats before = context->stats();
    CHECK(context->poll(true));
    CHECK(plain.events_seen == 1);
    CHECK(context->stats().hits - before.hits == 1);
    CHECK(context->stats().blocks == before.blocks);
    CHECK(polled.ends == 0);
    context->remove(plain);
    context->remove(polled);
}

TEST_CASE("Polling: descriptors and operations alone earn a budget", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    if (!context->has_ring())
        return;
    SECTION("a descriptor") {
        EventHandler handler;
        context->add(handler);
        let_join(*context, handler);
        context->remove(handler);
    }
    SECTION("an operation") {
        UniqueFd eventfd = make_eventfd();
        set_eventfd(eventfd.get());
        Read read;
        context->submit(read, [&](io_uring_sqe *sqe) {
            ::io_uring_prep_read(sqe, eventfd.get(), &read.value, sizeof read.value, 0);
        });
        run_until_idle(*context);
        REQUIRE(read.result == 8);
        CHECK(context->stats().budget_ns >= kStepNs);
    }
}

TEST_CASE("Polling: a queued operation does not forbid it, and may end it", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    if (!context->has_ring())
        return;
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    UniqueFd eventfd = make_eventfd();
    Read read;
    context->submit(read, [&](io_uring_sqe *sqe) {
        ::io_uring_prep_poll_add(sqe, eventfd.get(), POLLIN); // not ready when it is submitted
    });
    handler.on_probe = [&] {
        if (handler.probes == 2)
            set_eventfd(eventfd.get());
    };
    const AioStats before = context->stats();
    CHECK(context->poll(true));
    CHECK(read.result == POLLIN);
    CHECK(context->stats().hits - before.hits == 1);
    CHECK(context->stats().blocks == before.blocks);
    CHECK(handler.probes == 2);
    context->remove(handler);
}

TEST_CASE("Polling: a finite sleep is shortened by the spin", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler;
    context->add(handler);
    let_join(*context, handler);
    bool ran = false;
    AioTimer timer{*context, [&] { ran = true; }};
    timer.arm_after(2 * kStepNs); // within the budget
    const AioStats before = context->stats();
    for (int pass = 0; pass < 3 && !ran; ++pass)
        context->poll(true);
    CHECK(ran);
    CHECK(context->stats().blocks == before.blocks);
    CHECK(context->stats().misses == before.misses);
    context->remove(handler);
}

TEST_CASE("Polling: a handler that is always ready and runs the loop does not recurse", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler handler, other;
    context->add(handler);
    context->add(other);
    let_join(*context, handler);
    handler.on_probe = [&] { handler.work = true; };
    int depth = 0;
    handler.on_probe_ready = [&] {
        REQUIRE(++depth == 1);
        other.set();
        CHECK(context->poll(true));
        --depth;
    };
    for (int i = 1; i <= 3; ++i) {
        while (handler.hits < i)
            CHECK(context->poll(true));
        CHECK(other.events_seen >= i - 1);
    }
    CHECK(other.events_seen >= 1);
    context->remove(handler);
    context->remove(other);
}

TEST_CASE("Polling: a handler that says Drained::no is called again without a new probe", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    class Slow : public PolledHandler {
    public:
        Drained probe_ready() override {
            PolledHandler::probe_ready();
            return hits < 3 ? Drained::no : Drained::yes;
        }
    };
    Slow handler;
    context->add(handler);
    let_join(*context, handler);
    handler.work = true;
    CHECK(context->poll(true));
    CHECK(handler.hits == 1);
    const int probes = handler.probes;
    CHECK(context->poll(true));
    CHECK(context->poll(true));
    CHECK(handler.hits == 3);
    CHECK(handler.probes == probes);
    CHECK(!context->poll(false));
    context->remove(handler);
}

TEST_CASE("Polling: any callback may destroy its handler or a neighbour", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler before, after; // stay
    auto first = std::make_unique<PolledHandler>(), second = std::make_unique<PolledHandler>();
    const auto where = GENERATE(&PolledHandler::on_probe, &PolledHandler::on_begin, &PolledHandler::on_end,
                                &PolledHandler::on_probe_ready);
    const bool own = GENERATE(true, false);
    for (PolledHandler *handler : {&before, first.get(), second.get(), &after}) {
        context->add(*handler);
        let_join(*context, *handler);
    }
    PolledHandler *const caller = own ? second.get() : first.get();
    if (where == &PolledHandler::on_probe_ready)
        caller->work = true;
    (caller->*where) = [&] {
        if (second != nullptr) {
            context->remove(*second);
            second.reset();
        }
    };
    after.on_end = [&] { after.set(); };
    for (int pass = 0; pass < 10 && second != nullptr; ++pass)
        context->poll(true);
    CHECK(second == nullptr);
    before.work = true;
    const int hits = before.hits;
    for (int pass = 0; pass < 10 && before.hits == hits; ++pass)
        context->poll(true);
    CHECK(before.hits == hits + 1);
    after.on_end = [] {};
    context->remove(before);
    context->remove(after);
    context->remove(*first);
}

namespace {
/// So many events of another handler.
void let_others_fire(AioContext &context, EventHandler &other, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        other.set();
        context.poll(true);
    }
}

/// Let `busy` be probed `rounds` times; how often `handler` was meanwhile.
int probes_while_spinning(AioContext &context, PolledHandler &handler, PolledHandler &busy, int rounds) {
    const int before = handler.probes;
    const int end = busy.probes + rounds;
    busy.on_end = [&] { busy.set(); }; // nobody else ends the sleep
    busy.on_probe = [&, end] { busy.work = busy.probes >= end; };
    while (busy.probes < end)
        context.poll(true);
    busy.on_end = busy.on_probe = [] {};
    return handler.probes - before;
}
} // namespace

TEST_CASE("Polling: a handler that others have overtaken is asked in each 32nd round", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler cold, busy;
    context->add(cold);
    context->add(busy);
    let_join(*context, cold);
    let_others_fire(*context, busy, PollMode::kHotEvents / 4);
    CHECK(probes_while_spinning(*context, cold, busy, 20) >= 20); // still among the last
    let_others_fire(*context, busy, PollMode::kHotEvents);
    constexpr int kRounds = 10 * PollMode::kRoundsPerColdProbe;
    int rounds = 0, probes = 0;
    for (; rounds < kRounds; rounds += 10)
        probes += probes_while_spinning(*context, cold, busy, 10);
    CHECK(probes >= kRounds / static_cast<int>(PollMode::kRoundsPerColdProbe) - 1);
    CHECK(probes <= kRounds / 2); // the last probe of each poll mode counts, too
    context->remove(cold);
    context->remove(busy);
}

TEST_CASE("Polling: work of a cold handler is found while others are polled", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler cold, busy;
    context->add(cold);
    context->add(busy);
    let_join(*context, cold);
    let_others_fire(*context, busy, 2 * PollMode::kHotEvents);
    cold.work = true; // its producer need not kick
    busy.on_probe = [&] { busy.work = busy.probes % 3 == 0; };
    const int busy_hits = busy.hits;
    for (int pass = 0; pass < 100 && cold.hits == 0; ++pass)
        context->poll(true);
    CHECK(cold.hits == 1);
    CHECK(busy.hits - busy_hits <= static_cast<int>(PollMode::kRoundsPerColdProbe));
    context->remove(cold);
    context->remove(busy);
}

TEST_CASE("Polling: a handler that others have long overtaken is left to its descriptor", "[aio][polling]") {
    const auto context = make_polling_context(GENERATE(from_range(monitors())));
    PolledHandler idle, busy;
    context->add(idle);
    context->add(busy);
    let_join(*context, idle);
    let_others_fire(*context, busy, PollMode::kIdleEvents + 1);
    probes_while_spinning(*context, idle, busy, 1);
    CHECK(idle.begins == idle.ends);
    CHECK(probes_while_spinning(*context, idle, busy, 100) == 0);
    let_join(*context, idle); // fires, and is polled again
    CHECK(probes_while_spinning(*context, idle, busy, 10) >= 10);
    context->remove(idle);
    context->remove(busy);
}
