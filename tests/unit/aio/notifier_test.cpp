// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/notifier.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr auto kHandOverTime = std::chrono::milliseconds{1500};
constexpr auto kDeadline = std::chrono::seconds{40};

/// Members hand tokens to each other at random: a bottom half of a random member is scheduled, its loop
/// wakes, and hands on. A wake-up that gets lost leaves a token lying for ever.
class Relay {
public:
    Relay(FdMonitorKind kind, int members, const PollParameters &parameters) {
        for (int i = 0; i < members; ++i)
            members_.emplace_back(*this, kind, parameters, i);
    }

    ~Relay() {
        for (Member &member : members_)
            member.loop.call([] {}); // nobody is inside another one's schedule() any more
    }

    void start() {
        for (Member &member : members_)
            member.pass_on.schedule();
    }

    /// Tokens stop where they are; afterwards all have to be accounted for.
    void stop() { stopping_ = true; }
    std::size_t stopped() const { return stopped_; }
    long hops() const { return hops_; }
    std::size_t size() const { return members_.size(); }

private:
    struct Member {
        Member(Relay &r, FdMonitorKind kind, const PollParameters &parameters, int seed)
            : relay(r),
              loop(kind, parameters),
              pass_on(loop.context(), [this] { relay.hop(*this); }),
              random(static_cast<unsigned>(seed)) {}
        Relay &relay;
        LoopThread loop;
        BottomHalf pass_on;
        std::minstd_rand random;
        std::atomic<int> tokens{1};
    };

    /// Several tokens may have met in one run of the bottom half.
    void hop(Member &member) {
        for (int token = member.tokens.exchange(0); token > 0; --token) {
            ++hops_;
            if (stopping_) {
                ++stopped_;
                continue;
            }
            Member &next = members_[member.random() % members_.size()];
            ++next.tokens;
            next.pass_on.schedule();
        }
    }

    std::deque<Member> members_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> stopped_{0};
    std::atomic<long> hops_{0};
};

template <class Done>
bool wait_for(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!done() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    return done();
}
} // namespace

TEST_CASE("Notifier: five threads hand work around at random, no wake-up is lost", "[aio][notifier]") {
    const std::int64_t max_ns = GENERATE(0, PollParameters::kDefaultMaxNs);
    Relay relay{GENERATE(from_range(monitors())), 5, {.max_ns = max_ns}};
    const auto end = std::chrono::steady_clock::now() + kHandOverTime / 2;
    relay.start();
    long before = 0;
    while (std::chrono::steady_clock::now() < end) {
        before = relay.hops();
        REQUIRE(wait_for([&] { return relay.hops() > before; }));
    }
    relay.stop();
    CHECK(wait_for([&] { return relay.stopped() == relay.size(); }));
    CHECK(relay.hops() > 100);
}

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
