// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/io_uring_monitor.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <sys/eventfd.h>

#include <array>
#include <deque>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
/// A monitor with a ring that is easy to fill.
struct SmallRing {
    explicit SmallRing(bool external) {
        auto created = IoUringMonitor::create({events, counters, external}, {.sq = 4, .cq = 8});
        if (created.has_value())
            monitor = std::move(*created);
    }

    /// Dispatch whatever is ready; how many handlers that were.
    int dispatch() {
        int count = 0;
        events.start_dispatch();
        while (AioHandler *const handler = events.take_ready()) {
            handler->ready(POLLIN);
            ++count;
        }
        return count;
    }

    FdEvents events;
    AioCounters counters;
    std::unique_ptr<IoUringMonitor> monitor;
};

class Counted : public AioCompletion {
public:
    void complete(int result) override { results.push_back(result); }
    std::vector<int> results;
};
} // namespace

TEST_CASE("IoUringMonitor: a flood of events overflows the queue and nothing is lost", "[aio][io_uring]") {
    SmallRing ring{GENERATE(false, true)};
    if (ring.monitor == nullptr)
        return;
    std::deque<EventHandler> handlers(64);
    for (EventHandler &handler : handlers)
        ring.monitor->add(handler);
    ring.monitor->wait(0);
    CHECK(ring.dispatch() == 0);

    for (int round = 1; round <= 3; ++round) { // later rounds: those that the overflow ended are armed again
        for (EventHandler &handler : handlers)
            handler.set();
        while (ring.monitor->has_events() || ring.monitor->has_submissions()) {
            ring.monitor->wait(0);
            ring.dispatch();
        }
        for (const EventHandler &handler : handlers)
            CHECK(handler.events_seen >= round);
    }
    for (EventHandler &handler : handlers)
        ring.monitor->remove(handler);
}

TEST_CASE("IoUringMonitor: arming again reports what became ready meanwhile", "[aio][io_uring]") {
    SmallRing ring{false};
    if (ring.monitor == nullptr)
        return;
    std::deque<EventHandler> handlers(32);
    for (EventHandler &handler : handlers) {
        ring.monitor->add(handler);
        handler.set();
    }
    // Collect without resetting anybody: after the overflow many are armed again while their eventfd is set.
    int seen = 0;
    for (int i = 0; i < 100 && (ring.monitor->has_events() || ring.monitor->has_submissions()); ++i)
        ring.monitor->wait(0);
    seen = ring.dispatch();
    CHECK(seen == 32);
    while (ring.monitor->has_events() || ring.monitor->has_submissions()) {
        ring.monitor->wait(0);
        ring.dispatch();
    }
    for (EventHandler &handler : handlers)
        handler.set();
    for (int i = 0; i < 100 && (ring.monitor->has_events() || ring.monitor->has_submissions()); ++i)
        ring.monitor->wait(0);
    CHECK(ring.dispatch() == 32);
    for (EventHandler &handler : handlers)
        ring.monitor->remove(handler);
}

TEST_CASE("IoUringMonitor: a full submission queue makes room", "[aio][io_uring]") {
    SmallRing ring{GENERATE(false, true)};
    if (ring.monitor == nullptr)
        return;
    std::deque<Counted> operations(100);
    for (Counted &operation : operations) {
        io_uring_sqe *const sqe = ring.monitor->get_sqe();
        ::io_uring_prep_nop(sqe);
        IoUringMonitor::set_operation(sqe, operation);
    }
    int completed = 0;
    while (ring.monitor->has_events() || ring.monitor->has_submissions()) {
        ring.monitor->wait(0);
        ring.events.start_dispatch();
        while (ring.events.take_completed() != nullptr)
            ++completed;
    }
    CHECK(completed == 100);
    CHECK(ring.counters.snapshot().sqes == 100);
}

TEST_CASE("AioContext: operations complete in order, not inside submit", "[aio][io_uring]") {
    auto created = AioContext::create();
    if (!(*created)->has_ring())
        return;
    AioContext &context = **created;
    std::vector<int> order;
    class Numbered : public AioCompletion {
    public:
        Numbered(std::vector<int> &o, int n) : order(o), number(n) {}
        void complete(int result) override {
            CHECK(result == 0);
            order.push_back(number);
        }
        std::vector<int> &order;
        int number;
    };
    std::deque<Numbered> operations;
    for (int i = 0; i < 500; ++i) { // several submission queues full
        operations.emplace_back(order, i);
        context.submit(operations.back(), [](io_uring_sqe *sqe) { ::io_uring_prep_nop(sqe); });
    }
    CHECK(order.empty());
    run_until_idle(context);
    REQUIRE(order.size() == 500);
    CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("AioContext: one system call submits, waits and collects", "[aio][io_uring]") {
    auto created = AioContext::create();
    if (!(*created)->has_ring())
        return;
    AioContext &context = **created;
    context.set_poll_parameters({.max_ns = 0});
    UniqueFd eventfd = make_eventfd();
    Counted reads[3];
    std::uint64_t value[3];
    run_until_idle(context);
    const AioStats before = context.stats();
    for (int i = 0; i < 3; ++i) {
        set_eventfd(eventfd.get());
        context.submit(reads[i], [&](io_uring_sqe *sqe) {
            ::io_uring_prep_read(sqe, eventfd.get(), &value[i], sizeof value[i], 0);
        });
        CHECK(context.poll(true));
        CHECK(reads[i].results == std::vector<int>{8});
    }
    const AioStats after = context.stats();
    CHECK(after.enters - before.enters == 3);
    CHECK(after.sqes - before.sqes == 3);
    CHECK(after.passes - before.passes == 3);
}

TEST_CASE("AioContext: max_batch submits before the pass is over", "[aio][io_uring]") {
    auto created = AioContext::create();
    if (!(*created)->has_ring())
        return;
    AioContext &context = **created;
    context.set_max_batch(4);
    std::deque<Counted> operations(10);
    const std::uint64_t before = context.stats().sqes;
    for (Counted &operation : operations)
        context.submit(operation, [](io_uring_sqe *sqe) { ::io_uring_prep_nop(sqe); });
    CHECK(context.stats().sqes - before == 8);
    run_until_idle(context);
    for (const Counted &operation : operations)
        CHECK(operation.results == std::vector<int>{0});
}

TEST_CASE("AioContext: operations that resubmit themselves leave room for others", "[aio][io_uring]") {
    auto created = AioContext::create();
    if (!(*created)->has_ring())
        return;
    AioContext &context = **created;
    class Repeating : public AioCompletion {
    public:
        explicit Repeating(AioContext &c) : context(c) {}
        void start() {
            context.submit(*this, [](io_uring_sqe *sqe) { ::io_uring_prep_nop(sqe); });
        }
        void complete(int) override {
            ++*runs;
            if (!*stop)
                start();
        }
        AioContext &context;
        int *runs = nullptr;
        bool *stop = nullptr;
    };
    int runs = 0;
    bool stop = false;
    std::deque<Repeating> operations;
    for (int i = 0; i < 300; ++i) {
        Repeating &operation = operations.emplace_back(context);
        operation.runs = &runs;
        operation.stop = &stop;
        operation.start();
    }
    EventHandler handler;
    context.add(handler);
    handler.set();
    for (int pass = 0; pass < 10 && handler.events_seen == 0; ++pass)
        context.poll(true);
    CHECK(handler.events_seen == 1);
    CHECK(runs < 300 * 12);
    stop = true;
    run_until_idle(context);
    context.remove(handler);
}

namespace {
/// Empties its eventfd, and counts what it was called for.
class Emptying final : public EventHandler {
public:
    bool empties_descriptor() const override { return true; }
    Drained ready(std::uint32_t revents) override {
        errors += (revents & ~std::uint32_t{POLLIN}) != 0 ? 1 : 0;
        empty += reset() ? 0 : 1;
        ++calls;
        return Drained::yes;
    }
    int calls = 0, empty = 0, errors = 0;
};
} // namespace

TEST_CASE("IoUringMonitor: a descriptor that was looked at is reported once, and not as an error",
          "[aio][io_uring]") {
    if (monitors().size() == 1)
        return;
    const auto context = make_context({.fd_monitor = FdMonitorKind::io_uring, .yields = false});
    context->set_poll_parameters({.rule = PollRule::predictive, .max_ns = 1'000'000});
    Emptying handler;
    context->add(handler);
    constexpr int kEvents = 5000;
    std::atomic<int> seen{0};
    std::thread producer{[&] {
        for (int i = 0; i < kEvents; ++i) {
            while (seen.load() != i) {
            }
            handler.set();
        }
    }};
    while (seen.load() < kEvents) {
        context->poll(true);
        seen.store(handler.calls - handler.empty);
    }
    producer.join();
    run_until_idle(*context);
    CHECK(handler.errors == 0);
    CHECK(handler.empty <= kEvents / 100); // two wake-ups may meet
    context->remove(handler);
}

TEST_CASE("IoUringMonitor: a look at a descriptor that is left full ends no spin", "[aio][io_uring]") {
    if (monitors().size() == 1)
        return;
    const auto context = make_context({.fd_monitor = FdMonitorKind::io_uring, .yields = false});
    context->set_poll_parameters({.rule = PollRule::predictive, .max_ns = 1'000'000});
    std::atomic<int> ran{0};
    constexpr int kPosts = 200;
    std::thread producer{[&] { // each post writes the notifier's eventfd, which is never read
        for (int i = 0; i < kPosts; ++i) {
            std::this_thread::sleep_for(std::chrono::microseconds{200});
            context->post([&] { ++ran; });
        }
    }};
    while (ran < kPosts)
        context->poll(true);
    producer.join();
    CHECK(context->stats().passes <= kPosts + kPosts / 4);
}
