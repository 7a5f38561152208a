// SPDX-License-Identifier: Apache-2.0
//
// A handler that stops firing: when it is left to its descriptor, and what its producer notices of that.
#include "daemon/aio/poll_mode.hpp"

#include "tests/unit/aio/aio_test.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr std::int64_t kStepNs = 1000;

/// What a producer does: it kicks unless it was told that the loop polls.
void produce(PolledHandler &handler) {
    if (handler.begins > handler.ends)
        handler.work = true;
    else
        handler.set();
}

int served(const PolledHandler &handler) { return handler.events_seen + handler.hits; }
} // namespace

TEST_CASE("Polling: a handler that is silent for 7 s is not probed again before its next event",
          "[aio][polling]") {
    ManualClock::start(kStepNs);
    const auto context = make_context(
        {.fd_monitor = GENERATE(from_range(monitors())), .clock = ManualClock::read, .yields = false});
    PolledHandler handler;
    context->add(handler);
    handler.set();
    while (handler.events_seen == 0)
        context->poll(true);
    const std::int64_t last_event_ns = ManualClock::now_ns;
    const auto pass = [&] { // which polls, but need not sleep
        context->notify();
        context->poll(true);
    };

    pass();
    REQUIRE(handler.begins == 1);
    ManualClock::now_ns = last_event_ns + PollMode::kIdleNs - 100 * kStepNs;
    int probes = handler.probes;
    pass();
    CHECK(handler.probes > probes);
    CHECK(handler.ends == 0);

    ManualClock::now_ns = last_event_ns + PollMode::kIdleNs;
    SECTION("an event that comes just before is seen in time") {
        produce(handler);
        CHECK(context->poll(true));
        CHECK(served(handler) == 2);
        probes = handler.probes;
        pass();
        CHECK(handler.probes > probes);
    }
    SECTION("an event that its producer did not kick for, because it came while polling ended, is seen") {
        handler.on_end = [&] { handler.work = handler.ends == 1; };
        pass();
        CHECK(handler.hits == 1);
        CHECK(handler.ends == 1);
        CHECK(handler.begins == 2); // that was an event
    }
    SECTION("nothing comes, and after a while something") {
        pass();
        probes = handler.probes;
        for (int i = 0; i < 10; ++i)
            pass();
        CHECK(handler.ends == 1);
        CHECK(handler.probes == probes);
        CHECK(served(handler) == 1);
        produce(handler);
        while (served(handler) == 1)
            CHECK(context->poll(true));
        CHECK(served(handler) == 2);
        probes = handler.probes;
        pass();
        CHECK(handler.probes > probes);
        CHECK(handler.begins == handler.ends + 1);
    }
    handler.on_end = [] {};
    context->remove(handler);
}
