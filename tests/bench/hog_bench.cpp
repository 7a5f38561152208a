// SPDX-License-Identifier: Apache-2.0
//
// hog_bench: event loops that have to share their CPUs. Four of them, each with a timer as its source of
// events, and one or two threads that never sleep, all on two CPUs and pinned to none: whoever polls there
// takes time from others, and gets none when it needs it.
//
// Nothing but the hogs waits busily: the sources are timerfds with absolute, periodic deadlines. The latency
// of an event is from its deadline to its handler. Deadlines that have passed before the handler ran count
// one by one, so that a loop that is not scheduled for long is not rewarded by fewer events.
//
//   p50, p99   of all events of the four loops, in us
//   CPU        of the four loops, per event, in ns
//   hogs       CPU time that was left for them, of the two CPUs
//   polled     share of the events that ended a spin
//   yields     waits that did not spin because others wanted the CPU, as a share of the events
//
// Usage: hog_bench [--ms N] [--rounds N] [--only TEXT]     Not a test: figures belong into commit messages.
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"
#include "tests/bench/loop_thread.hpp"
#include "tests/bench/measuring.hpp"

#include <fmt/format.h>

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;

namespace {

constexpr int kLoops = 4;
constexpr std::int64_t kPeriodsNs[] = {30'000, 100'000, 500'000};
constexpr std::int64_t kStartNs = 20'000'000; // for the loops to get ready in
constexpr double kMostP99 = 2;

constexpr Setting kSettings[] = {kOff, kWeighted, kPredictive};

/// Fires at start, start + period, ...
class Ticker final : public AioHandler {
public:
    Ticker(std::int64_t start_ns, std::int64_t period_ns)
        : Ticker(UniqueFd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)}, start_ns,
                 period_ns) {}

    std::vector<double> latencies_ns{};

private:
    Ticker(UniqueFd timer, std::int64_t start_ns, std::int64_t period_ns)
        : AioHandler(timer.get(), POLLIN),
          timer_(std::move(timer)),
          due_ns_(start_ns),
          period_ns_(period_ns) {
        const auto spec = [](std::int64_t ns) {
            return timespec{.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
        };
        const itimerspec times{.it_interval = spec(period_ns), .it_value = spec(start_ns)};
        ::timerfd_settime(fd(), TFD_TIMER_ABSTIME, &times, nullptr);
    }

    bool empties_descriptor() const override { return true; }

    Drained ready(std::uint32_t) override {
        const std::int64_t now_ns = monotonic_ns();
        std::uint64_t passed = 0;
        if (::read(fd(), &passed, sizeof passed) != sizeof passed)
            return Drained::yes;
        for (; passed > 0; --passed, due_ns_ += period_ns_)
            latencies_ns.push_back(latency_ns(now_ns, due_ns_));
        return Drained::yes;
    }

    const UniqueFd timer_;
    std::int64_t due_ns_;
    const std::int64_t period_ns_;
};

/// Threads that never sleep, while it exists.
class Hogs {
public:
    explicit Hogs(int count) : used_ns_(static_cast<std::size_t>(count)) {
        for (std::int64_t &used_ns : used_ns_)
            threads_.emplace_back([this, &used_ns] {
                while (!stop_.load(std::memory_order_relaxed)) {
                }
                used_ns = thread_cpu_ns();
            });
    }
    Hogs(const Hogs &) = delete;
    Hogs &operator=(const Hogs &) = delete;
    ~Hogs() { stop(); }

    /// Their CPU time together.
    std::int64_t stop() {
        stop_ = true;
        std::int64_t sum_ns = 0;
        for (std::thread &thread : threads_)
            thread.join();
        threads_.clear();
        for (const std::int64_t used_ns : used_ns_)
            sum_ns += used_ns;
        return sum_ns;
    }

private:
    std::atomic<bool> stop_{false};
    std::vector<std::int64_t> used_ns_;
    std::vector<std::thread> threads_;
};

/// A loop and its source.
struct Member {
    explicit Member(const Setting &setting)
        : loop(FdMonitorKind::automatic, setting.parameters, std::nullopt) {}

    LoopThread loop;
    std::unique_ptr<Ticker> ticker{};
    std::int64_t cpu_ns = 0;

    void start(std::int64_t start_ns, std::int64_t period_ns) {
        loop.run([&] {
            ticker = std::make_unique<Ticker>(start_ns, period_ns);
            loop.context().add(*ticker);
            cpu_ns = -thread_cpu_ns();
        });
    }

    void stop() {
        loop.run([&] {
            cpu_ns += thread_cpu_ns();
            loop.context().remove(*ticker);
        });
    }
};

Figures run(const Setting &setting, int hog_count, std::int64_t period_ns, std::int64_t time_ns) {
    std::vector<std::unique_ptr<Member>> members;
    for (int i = 0; i < kLoops; ++i)
        members.push_back(std::make_unique<Member>(setting));
    const std::int64_t begin_ns = monotonic_ns();
    Hogs hogs{hog_count};
    // The phases differ; the first deadline is not over before all have begun.
    const std::int64_t start_ns = monotonic_ns() + kStartNs;
    for (int i = 0; i < kLoops; ++i)
        members[static_cast<std::size_t>(i)]->start(start_ns + i * period_ns / kLoops, period_ns);
    std::this_thread::sleep_for(std::chrono::nanoseconds{start_ns + time_ns - monotonic_ns()});
    std::vector<double> latencies_ns;
    std::int64_t cpu_ns = 0;
    std::uint64_t hits = 0, yields = 0;
    for (const auto &member : members) {
        member->stop();
        cpu_ns += member->cpu_ns;
        hits += member->loop.context().stats().hits;
        yields += member->loop.context().stats().yields;
        const auto &found = member->ticker->latencies_ns;
        latencies_ns.insert(latencies_ns.end(), found.begin(), found.end());
    }
    Figures figures;
    const auto both_cpus_ns = static_cast<double>(2 * (monotonic_ns() - begin_ns));
    figures.others_percent = 100 * static_cast<double>(hogs.stop()) / both_cpus_ns;
    if (latencies_ns.empty())
        latencies_ns.push_back(static_cast<double>(time_ns)); // not one of them was served
    figures.set_latencies(latencies_ns);
    const auto count = static_cast<double>(latencies_ns.size());
    figures.cpu_ns = static_cast<double>(cpu_ns) / count;
    figures.polled_percent = 100 * static_cast<double>(hits) / count;
    figures.yielded_percent = 100 * static_cast<double>(yields) / count;
    return figures;
}

std::string microseconds(std::vector<double> ns) {
    for (double &value : ns)
        value /= 1000;
    return with_spread(ns);
}

void compare(int hogs, std::int64_t period_ns, const CommandLine &command) {
    const std::string what =
        fmt::format("{:<7} {:>3} us", hogs == 1 ? "1 hog," : "2 hogs,", period_ns / 1000);
    if (!command.wants(what))
        return;
    const auto rounds = take_turns(kSettings, command.rounds, [&](const Setting &setting) {
        return run(setting, hogs, period_ns, command.time_ns());
    });
    for (std::size_t i = 0; i < rounds.size(); ++i)
        fmt::print("{}  {:<10}  {}  {}  {}  {:>3.0f}%  {:>5.0f}%  {:>5.0f}%\n", what, kSettings[i].name,
                   microseconds(values(rounds[i], &Figures::p50_ns)),
                   microseconds(values(rounds[i], &Figures::p99_ns)),
                   with_spread(values(rounds[i], &Figures::cpu_ns)),
                   median(values(rounds[i], &Figures::others_percent)),
                   median(values(rounds[i], &Figures::polled_percent)),
                   median(values(rounds[i], &Figures::yielded_percent)));
    for (std::size_t i = 1; i < rounds.size(); ++i) {
        const auto worse = ratios(rounds[i], rounds[0], &Figures::p99_ns);
        fmt::print("  {}: {}, {}\n", kSettings[i].name, verdict("p99 <= 2 x off", median(worse) <= kMostP99),
                   ratio_with_spread(worse));
    }
}

} // namespace

int main(int argc, char **argv) {
    const CommandLine command = parse_command_line(argc, argv, {.time_ms = 1000});
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    stay_on_two_cpus();
    print_host();
    fmt::print("{} ms a round, {} rounds: median [least..most]\n", command.time_ms, command.rounds);
    fmt::print("hogs    period  polling     {:<23} {:<23} {:<23} hogs  polled  yields\n", "p50 us", "p99 us",
               "CPU ns");
    for (const int hogs : {1, 2})
        for (const std::int64_t period_ns : kPeriodsNs)
            compare(hogs, period_ns, command);
    return 0;
}
