// SPDX-License-Identifier: Apache-2.0
//
// Loops in threads of their own hand work to each other, in every way in which it gets into a loop. The
// environment variable IOTHREADD_HAND_OVER_SECONDS asks for a longer run than the usual second.
#include "daemon/aio/notifier.hpp"
#include "daemon/aio/thread_pool.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <mutex>
#include <random>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
constexpr std::size_t kLoops = 5;
constexpr int kRelaysPerRun = 10;
constexpr int kMostHops = 100;
// A loaded host needs less, and a loop that sleeps in spite of work is woken by its idle workers when they
// leave.
constexpr auto kPatience = ThreadPool::kIdleTimeout / 2;

enum Way : std::size_t { posted, bottom_half, pool, kWays };
using HopsByWay = std::array<long, kWays>;

/// Tokens travel between the loops, each for a number of hops. A round is over when all have come to rest:
/// then nobody comes by who could wake, by chance, a loop whose wake-up was lost on the last hop.
class Relay {
public:
    Relay(FdMonitorKind kind, unsigned seed) : random_(seed) {
        for (std::size_t i = 0; i < kLoops; ++i)
            loops_.emplace_back(kind);
        for (std::size_t i = 0; i < kLoops; ++i)
            tokens_.emplace_back(*this, seed + static_cast<unsigned>(i));
    }

    ~Relay() {
        stopping_ = true;
        std::promise<void> ended;
        std::thread ending{[&] {
            for (LoopThread &loop : loops_)
                loop.call([] {}); // nobody is inside another one's post() any more
            for (LoopThread &loop : loops_)
                sleeps += loop.context().stats().blocks;
            loops_.clear();
            ended.set_value();
        }};
        if (ended.get_future().wait_for(kPatience) != std::future_status::ready) {
            std::fputs("a loop sleeps on although it was told to end\n", stderr);
            std::abort(); // it cannot be joined
        }
        ending.join();
    }

    /// False: a token did not get where it was sent.
    bool run_round() {
        change_settings();
        moving_ = 1 + static_cast<int>(random_() % tokens_.size());
        const auto last = tokens_.begin() + moving_;
        for (auto token = tokens_.begin(); token != last; ++token) {
            token->hops_left = static_cast<int>(random_() % kMostHops);
            token->go(random_() % 2 == 0 ? posted : bottom_half);
        }
        std::unique_lock lock{mutex_};
        return at_rest_.wait_for(lock, kPatience, [this] { return moving_ == 0; });
    }

    HopsByWay hops() const {
        HopsByWay sum{};
        for (const Token &token : tokens_)
            for (std::size_t way = 0; way < kWays; ++way)
                sum[way] += token.hops[way];
        return sum;
    }

    static inline std::uint64_t sleeps = 0; ///< of all loops that have ended

private:
    struct Token final : ThreadPoolTask {
        Token(Relay &r, unsigned seed) : relay(r), random(seed) {
            for (LoopThread &loop : relay.loops_)
                arrivals.emplace_back(loop.context(), [this] { arrive(); });
        }

        void go(Way way) {
            ++hops[way];
            if (way == pool)
                return AioContext::current()->thread_pool().submit(*this);
            const std::size_t next = random() % kLoops;
            if (way == posted)
                relay.loops_[next].context().post([this] { arrive(); });
            else
                arrivals[next].schedule();
        }

        void arrive() {
            if (relay.stopping_)
                return;
            if (hops_left-- > 0)
                go(static_cast<Way>(random() % kWays));
            else
                relay.rest();
        }

        int run() override { return ++work_done; }
        void complete(int) override { arrive(); }

        Relay &relay;
        std::deque<BottomHalf> arrivals; // one in each loop
        // Plain: they move with the token, and ThreadSanitizer checks each hand-over.
        std::minstd_rand random;
        int hops_left = 0;
        int work_done = 0;
        HopsByWay hops{};
    };

    /// Some loops spin, some do not, by some rule; that changes.
    void change_settings() {
        static constexpr PollRule kRules[] = {PollRule::weighted, PollRule::classic, PollRule::predictive};
        static constexpr std::int64_t kMaxNs[] = {0, 5000, PollParameters::kDefaultMaxNs};
        if (random_() % 4 != 0)
            return;
        AioContext &context = loops_[random_() % kLoops].context();
        context.set_poll_parameters({.rule = kRules[random_() % 3], .max_ns = kMaxNs[random_() % 3]});
        context.set_thread_pool_limits({.min = 0, .max = 1 + static_cast<int>(random_() % 3)});
    }

    void rest() {
        const std::lock_guard lock{mutex_};
        if (--moving_ == 0)
            at_rest_.notify_one();
    }

    std::minstd_rand random_;
    std::deque<Token> tokens_; // outlive the loops, as their bottom halves have to
    std::deque<LoopThread> loops_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable at_rest_;
    int moving_ = 0; // tokens
};

std::chrono::milliseconds run_time() {
    const char *const seconds = std::getenv("IOTHREADD_HAND_OVER_SECONDS");
    return std::chrono::seconds{seconds != nullptr ? std::atoi(seconds) : 1};
}
} // namespace

TEST_CASE("AioContext: five loops hand work around at random, no wake-up is lost", "[aio][notifier]") {
    const FdMonitorKind kind = GENERATE(from_range(monitors()));
    HopsByWay hops{};
    long rounds = 0;
    Relay::sleeps = 0;
    for (unsigned seed = 1; seed <= kRelaysPerRun; ++seed) {
        Relay relay{kind, seed};
        const auto end = std::chrono::steady_clock::now() + run_time() / kRelaysPerRun;
        do {
            INFO("round " << rounds << " of relay " << seed);
            REQUIRE(relay.run_round());
            ++rounds;
        } while (std::chrono::steady_clock::now() < end);
        for (std::size_t way = 0; way < kWays; ++way)
            hops[way] += relay.hops()[way];
    } // and every loop ended when it was told to
    for (const long by_this_way : hops)
        CHECK(by_this_way > 0);
    CHECK(Relay::sleeps > 0);
    if (std::getenv("IOTHREADD_HAND_OVER_SECONDS") != nullptr)
        fmt::print("{}: {} rounds; hops: {} posted, {} bottom halves, {} through pools; {} sleeps\n",
                   kind == FdMonitorKind::epoll ? "epoll" : "io_uring", rounds, hops[posted],
                   hops[bottom_half], hops[pool], Relay::sleeps);
}
