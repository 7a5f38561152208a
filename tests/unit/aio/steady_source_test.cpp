// SPDX-License-Identifier: Apache-2.0
//
// A source whose events come every 5 us is what polling is for: served without a sleep, on every fd monitor
// and by every rule. How fast that is, with a producer in another thread, is measured in tests/bench.
#include "tests/unit/aio/aio_test.hpp"

#include <limits>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr int kEvents = 200;
constexpr std::int64_t kGapNs = 5000;
constexpr std::int64_t kLookNs = 250;
constexpr int kMostSleeps = kEvents / 20;

/// An event 5 us after the last one was taken: a flag, and a kick where the loop does not poll. Its producer
/// works while the time goes by, which is when the loop looks at the clock.
class SteadySource : public EventHandler {
public:
    explicit SteadySource(bool with_probe) : with_probe_(with_probe) {
        ManualClock::start(kLookNs);
        running = this;
        due_ns_ = ManualClock::now_ns + kGapNs;
    }
    ~SteadySource() override { running = nullptr; }

    /// For AioContextOptions::clock.
    static std::int64_t clock() {
        const std::int64_t now_ns = ManualClock::read();
        if (running != nullptr && now_ns >= running->due_ns_)
            running->produce();
        return now_ns;
    }

    Drained ready(std::uint32_t) override {
        reset();
        return probe_ready();
    }
    bool has_probe() const override { return with_probe_; }
    bool probe() override { return there_; }
    Drained probe_ready() override {
        there_ = false;
        ++events;
        due_ns_ = ManualClock::now_ns + kGapNs;
        return Drained::yes;
    }
    void poll_begin() override { kick_wanted_ = false; }
    void poll_end() override { kick_wanted_ = true; }

    int events = 0;

private:
    void produce() {
        due_ns_ = std::numeric_limits<std::int64_t>::max();
        there_ = true;
        if (kick_wanted_)
            set();
    }

    static inline SteadySource *running = nullptr;
    const bool with_probe_;
    bool there_ = false;
    bool kick_wanted_ = true;
    std::int64_t due_ns_;
};

/// How often a new loop sleeps until kEvents have been served.
std::uint64_t sleeps(FdMonitorKind kind, PollRule rule, bool with_probe) {
    SteadySource source{with_probe};
    const auto context = make_context({.fd_monitor = kind, .clock = SteadySource::clock, .yields = false});
    context->set_poll_parameters({.rule = rule});
    context->add(source);
    AioTimer alarm{*context, [] {}}; // no time goes by while the loop sleeps
    while (source.events < kEvents) {
        alarm.arm_after(1'000'000);
        context->poll(true);
    }
    context->remove(source);
    return context->stats().blocks;
}
} // namespace

TEST_CASE("Polling: a source that fires every 5 us is served without sleeping", "[aio][polling]") {
    const FdMonitorKind kind = GENERATE(from_range(monitors()));
    const auto rule = GENERATE(PollRule::weighted, PollRule::classic, PollRule::predictive);
    CHECK(sleeps(kind, rule, GENERATE(true, false)) <= kMostSleeps);
}
