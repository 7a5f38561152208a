// SPDX-License-Identifier: Apache-2.0
//
// wake_bench: what it takes for threads to reach an event loop, and what a pass of it costs at least.
//
//   wake       notify() from another thread to a loop that sleeps: from before the call until poll() has
//              returned. `read` is a thread that sleeps in read() of an eventfd instead: nothing can be
//              faster
//   ping-pong  two loops on two CPUs that schedule() a bottom half in each other: the time of a round trip
//   schedule   a schedule() from outside while the loop is awake
//   pass       of a loop that only runs one bottom half, which schedules itself
//   counters   what it takes to count: a number, a time in a histogram, and for whom a callback runs
//
// What is compared takes turns, round after round; the tables show the median of the rounds and their spread.
//
// Usage: wake_bench [--ms N] [--rounds N] [--only TEXT]     Not a test: figures belong into commit messages.
#include "daemon/aio/aio_account.hpp"
#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/relaxed_counter.hpp"
#include "daemon/aio/run_meter.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"
#include "tests/bench/loop_thread.hpp"
#include "tests/bench/measuring.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;

namespace {

constexpr std::int64_t kAsleepNs = 50'000; // after which a thread that was about to sleep does
constexpr std::int64_t kTypicalPassNs = 250;
constexpr std::int64_t kTypicalCallNs = 5;
constexpr double kMostPassNs = 230, kMostCountNs = 5;
constexpr int kLeastTimes = 20;

constexpr Setting kSettings[] = {kOff, kWeighted, kPredictive};

int times_within(const CommandLine &command, std::int64_t each_ns) {
    return static_cast<int>(std::max<std::int64_t>(kLeastTimes, command.time_ns() / each_ns));
}

/// Wakes a thread again and again, some time after it said that it was about to sleep, and collects how long
/// it took to wake up.
class Waker {
public:
    explicit Waker(int times) : times_(times) { latencies_ns_.reserve(static_cast<std::size_t>(times)); }

    /// The sleeper: call `sleep` that often.
    template <class Sleep>
    void sleeper(Sleep sleep) {
        pin_to(kLoopCpu);
        for (int i = 0; i < times_; ++i) {
            about_to_sleep_.store(i + 1, std::memory_order_release);
            do
                sleep();
            while (woken_.load(std::memory_order_acquire) != i + 1);
            latencies_ns_.push_back(static_cast<double>(monotonic_ns() - woken_ns_.load()));
        }
    }

    /// The other thread: make `wake` end each of them.
    template <class Wake>
    void waker(Wake wake) {
        pin_to(kProducerCpu);
        for (int i = 0; i < times_; ++i) {
            while (about_to_sleep_.load(std::memory_order_acquire) != i + 1) {
            }
            spin_until(monotonic_ns() + kAsleepNs);
            woken_ns_.store(monotonic_ns());
            woken_.store(i + 1, std::memory_order_release);
            wake();
        }
    }

    Figures figures() const {
        Figures found;
        found.set_latencies(latencies_ns_);
        return found;
    }

private:
    const int times_;
    std::atomic<int> about_to_sleep_{0}, woken_{0};
    std::atomic<std::int64_t> woken_ns_{0};
    std::vector<double> latencies_ns_;
};

Figures wake_loop(FdMonitorKind kind, int times) {
    Waker meeting{times};
    std::thread{[&] {
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters(kOff.parameters);
        context->poll(false);
        std::thread waker{[&] { meeting.waker([&] { context->notify(); }); }};
        meeting.sleeper([&] { context->poll(true); });
        waker.join();
    }}.join();
    return meeting.figures();
}

Figures wake_reader(int times) {
    Waker meeting{times};
    const UniqueFd eventfd{::eventfd(0, EFD_CLOEXEC)};
    std::thread waker{[&] { meeting.waker([&] { ::eventfd_write(eventfd.get(), 1); }); }};
    std::thread{[&] {
        meeting.sleeper([&] {
            eventfd_t value = 0;
            ::eventfd_read(eventfd.get(), &value);
        });
    }}.join();
    waker.join();
    return meeting.figures();
}

void bench_wake(const CommandLine &command) {
    if (!command.wants("wake"))
        return;
    const int times = times_within(command, 2 * kAsleepNs);
    const auto kinds = fd_monitors();
    std::vector<Rounds> loops(kinds.size());
    Rounds readers;
    wake_reader(times);
    for (int round = 0; round < command.rounds; ++round) {
        readers.push_back(wake_reader(times));
        for (std::size_t i = 0; i < kinds.size(); ++i)
            loops[i].push_back(wake_loop(kinds[i], times));
    }
    const auto print = [](const char *name, const Rounds &rounds) {
        fmt::print("  {:<8}  p50 {}  p99 {}\n", name, with_spread(values(rounds, &Figures::p50_ns)),
                   with_spread(values(rounds, &Figures::p99_ns)));
    };
    fmt::print("wake of a sleeping thread, ns\n");
    print("read", readers);
    for (std::size_t i = 0; i < kinds.size(); ++i)
        print(name_of(kinds[i]), loops[i]);
}

/// One end of a ping-pong. Its bottom half belongs to its loop.
struct Player {
    Player(FdMonitorKind kind, const Setting &setting, int cpu) : loop(kind, setting.parameters, cpu) {}

    LoopThread loop;
    std::unique_ptr<BottomHalf> ball{};

    template <class F>
    void catch_with(F fn) {
        loop.run([&] { ball = std::make_unique<BottomHalf>(loop.context(), std::move(fn)); });
    }
    void leave() {
        loop.run([&] { ball.reset(); });
    }
};

Figures play(FdMonitorKind kind, const Setting &setting, std::int64_t time_ns) {
    Player server{kind, setting, kLoopCpu};
    Player other{kind, setting, kProducerCpu};
    std::vector<double> trips_ns;
    trips_ns.reserve(static_cast<std::size_t>(time_ns / 500));
    std::promise<void> over;
    const std::int64_t end_ns = monotonic_ns() + time_ns;
    std::int64_t served_ns = 0, first_ns = 0;
    server.catch_with([&] {
        const std::int64_t now_ns = monotonic_ns();
        if (served_ns != 0)
            trips_ns.push_back(static_cast<double>(now_ns - served_ns));
        else
            first_ns = now_ns;
        served_ns = now_ns;
        if (now_ns < end_ns || trips_ns.empty())
            other.ball->schedule();
        else
            over.set_value();
    });
    other.catch_with([&] { server.ball->schedule(); });
    server.ball->schedule();
    over.get_future().wait();
    other.leave();
    server.leave();
    Figures figures;
    figures.set_latencies(trips_ns);
    figures.per_second =
        static_cast<double>(trips_ns.size()) * kNsPerSecond / static_cast<double>(served_ns - first_ns);
    return figures;
}

void bench_ping_pong(const CommandLine &command) {
    if (!command.wants("ping-pong"))
        return;
    fmt::print("\nping-pong between two loops, ns for a round trip\n");
    for (const FdMonitorKind kind : fd_monitors()) {
        const auto rounds = take_turns(kSettings, command.rounds, [&](const Setting &setting) {
            return play(kind, setting, command.time_ns());
        });
        for (std::size_t i = 0; i < rounds.size(); ++i)
            fmt::print("  {:<8}  {:<10}  p50 {}  p99 {}  per second {}\n", name_of(kind), kSettings[i].name,
                       with_spread(values(rounds[i], &Figures::p50_ns)),
                       with_spread(values(rounds[i], &Figures::p99_ns)),
                       with_spread(values(rounds[i], &Figures::per_second)));
    }
}

/// Nanoseconds per pass.
double pass_ns(FdMonitorKind kind, const Setting &setting, int passes) {
    double each_ns = 0;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters(setting.parameters);
        int runs = 0;
        std::optional<BottomHalf> bh;
        bh.emplace(*context, [&] {
            if (++runs < passes)
                bh->schedule();
        });
        bh->schedule();
        const std::int64_t start_ns = monotonic_ns();
        while (runs < passes)
            context->poll(true);
        each_ns = static_cast<double>(monotonic_ns() - start_ns) / passes;
    }}.join();
    return each_ns;
}

/// Nanoseconds per schedule() from outside while the loop is awake.
double schedule_ns(FdMonitorKind kind, int calls) {
    LoopThread loop{kind, kOff.parameters, kLoopCpu};
    std::unique_ptr<BottomHalf> busy, target;
    loop.run([&] {
        busy = std::make_unique<BottomHalf>(loop.context(), [&] { busy->schedule(); });
        target = std::make_unique<BottomHalf>(loop.context(), [] {});
        busy->schedule();
    });
    double each_ns = 0;
    std::thread{[&] {
        pin_to(kProducerCpu);
        const std::int64_t start_ns = monotonic_ns();
        for (int i = 0; i < calls; ++i)
            target->schedule();
        each_ns = static_cast<double>(monotonic_ns() - start_ns) / calls;
    }}.join();
    loop.run([&] {
        busy.reset();
        target.reset();
    });
    return each_ns;
}

/// The median over the rounds, after a warm-up.
double print_cost(const std::string &what, int rounds, const std::function<double()> &measure) {
    std::vector<double> found;
    measure();
    for (int round = 0; round < rounds; ++round)
        found.push_back(measure());
    fmt::print("  {:<28} {} ns\n", what, with_spread(found));
    return median(found);
}

void bench_costs(const CommandLine &command) {
    if (!command.wants("pass") && !command.wants("schedule"))
        return;
    fmt::print("\ncosts\n");
    const int times = times_within(command, kTypicalPassNs);
    for (const FdMonitorKind kind : fd_monitors()) {
        for (const Setting &setting : kSettings) {
            const double each_ns = print_cost(fmt::format("{} pass, {}", name_of(kind), setting.name),
                                              command.rounds, [&] { return pass_ns(kind, setting, times); });
            fmt::print("    {}\n", verdict("<= 230 ns", each_ns <= kMostPassNs));
        }
        print_cost(fmt::format("{} schedule()", name_of(kind)), command.rounds,
                   [&] { return schedule_ns(kind, times); });
    }
}

/// Nanoseconds per call of `count`, which gets the number of the call.
template <class Count>
double call_ns(int calls, Count count) {
    double each_ns = 0;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const std::int64_t start_ns = monotonic_ns();
        for (int i = 0; i < calls; ++i)
            count(i);
        each_ns = static_cast<double>(monotonic_ns() - start_ns) / calls;
    }}.join();
    return each_ns;
}

template <class Count>
double print_call(const char *what, const CommandLine &command, Count count) {
    const int calls = times_within(command, kTypicalCallNs);
    std::vector<double> found;
    call_ns(calls, count);
    for (int round = 0; round < command.rounds; ++round)
        found.push_back(call_ns(calls, count));
    fmt::print("  {:<28} {} ns\n", what, ratio_with_spread(found));
    return median(found);
}

/// What it takes to keep the statistics.
void bench_counters(const CommandLine &command) {
    if (!command.wants("counters"))
        return;
    fmt::print("\ncounters\n");
    RelaxedCounter<std::uint64_t> number;
    double each_ns = print_call("number", command, [&](int) { number.add(); });
    fmt::print("    {}\n", verdict("< 5 ns", each_ns < kMostCountNs));
    TimeCounter times;
    each_ns = print_call("histogram of times", command, [&](int i) { times.add((i * 37) & 0xffff); });
    fmt::print("    {}\n", verdict("< 5 ns", each_ns < kMostCountNs));
    AioAccount accounts[2];
    RunMeter meter{monotonic_ns};
    meter.begin(monotonic_ns());
    meter.charge(&accounts[0]);
    print_call("charge, same account", command, [&](int) { meter.charge(&accounts[0]); });
    print_call("charge, other account", command, [&](int i) { meter.charge(&accounts[i & 1]); });
    meter.end();
}

} // namespace

int main(int argc, char **argv) {
    const CommandLine command = parse_command_line(argc, argv, {.time_ms = 200});
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_host();
    fmt::print("{} ms a round, {} rounds: median [least..most]\n\n", command.time_ms, command.rounds);
    bench_wake(command);
    bench_ping_pong(command);
    bench_costs(command);
    bench_counters(command);
    return 0;
}
