// SPDX-License-Identifier: Apache-2.0
//
// aio_bench: what polling buys and costs. A producer on its own CPU raises an event, waits until the loop has
// seen it, and after a gap raises the next. For each fd monitor, kind of source and gap, polling off and on
// take turns, five rounds each; the table shows the median and, in brackets, the spread of the rounds.
//
//   source   `fd` is an eventfd alone; `probe` is a word in memory, with the eventfd as a kick between poll
//   modes polled   share of the events that ended a spin; the others woke the loop p50, p99 from before the
//   event is raised to inside the handler CPU      of the loop's thread, per event
//
// Then the floor: one pass with a bottom half that schedules itself, and a schedule() of a busy loop's bottom
// half.
//
// Usage: aio_bench [EVENTS]     Not a test: figures belong into commit messages.
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/measuring.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;

namespace {
constexpr int kRounds = 5;
constexpr std::int64_t kGapsNs[] = {5'000, 15'000, 50'000};

/// What one round measured, or the median and spread over several.
struct Figures {
    double polled_percent = 0, p50_ns = 0, p99_ns = 0, cpu_ns = 0;
};

/// Where the producer and the loop meet.
struct Source {
    std::atomic<std::int64_t> raised_ns{0}; ///< 0: nothing to see
    std::atomic<int> seen{0};
    std::atomic<bool> kicks{true}; ///< whether the loop wants the eventfd
    UniqueFd eventfd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

    void raise(bool always_kick) {
        raised_ns.store(monotonic_ns(), std::memory_order_seq_cst);
        if (always_kick || kicks.load(std::memory_order_seq_cst))
            ::eventfd_write(eventfd.get(), 1);
    }
};

class FdSource : public AioHandler {
public:
    FdSource(Source &source, std::vector<std::int64_t> &latencies_ns)
        : AioHandler(source.eventfd.get(), POLLIN), source_(source), latencies_ns_(latencies_ns) {}

    Drained ready(std::uint32_t) override {
        eventfd_t value = 0;
        ::eventfd_read(fd(), &value);
        take();
        return Drained::yes;
    }

protected:
    void take() {
        const std::int64_t raised_ns = source_.raised_ns.exchange(0);
        if (raised_ns == 0)
            return;
        latencies_ns_.push_back(monotonic_ns() - raised_ns);
        source_.seen.fetch_add(1, std::memory_order_release);
    }

    Source &source_;

private:
    std::vector<std::int64_t> &latencies_ns_;
};

class ProbeSource final : public FdSource {
public:
    using FdSource::FdSource;
    bool has_probe() const override { return true; }
    bool probe() override { return source_.raised_ns.load(std::memory_order_acquire) != 0; }
    Drained probe_ready() override {
        take();
        return Drained::yes;
    }
    void poll_begin() override { source_.kicks.store(false, std::memory_order_seq_cst); }
    void poll_end() override { source_.kicks.store(true, std::memory_order_seq_cst); }
};

void produce(Source &source, bool always_kick, std::int64_t gap_ns, int events) {
    pin_to(kProducerCpu);
    for (int i = 0; i < events; ++i) {
        while (source.seen.load(std::memory_order_acquire) != i) {
        }
        const std::int64_t due_ns = monotonic_ns() + gap_ns;
        while (monotonic_ns() < due_ns) {
        }
        source.raise(always_kick);
    }
}

/// One round, in a thread of its own.
template <class Handler>
Figures run(FdMonitorKind kind, bool always_kick, std::int64_t max_ns, std::int64_t gap_ns, int events) {
    Figures figures;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters({.max_ns = max_ns});
        Source source;
        std::vector<std::int64_t> latencies_ns;
        latencies_ns.reserve(static_cast<std::size_t>(events));
        Handler handler{source, latencies_ns};
        context->add(handler);
        context->poll(false);
        std::thread producer{[&] { produce(source, always_kick, gap_ns, events); }};
        const std::int64_t cpu_ns = thread_cpu_ns();
        while (source.seen.load(std::memory_order_relaxed) < events)
            context->poll(true);
        figures.cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_ns) / events;
        producer.join();
        figures.polled_percent = 100.0 * static_cast<double>(context->stats().hits) / events;
        std::sort(latencies_ns.begin(), latencies_ns.end());
        figures.p50_ns = static_cast<double>(latencies_ns[latencies_ns.size() / 2]);
        figures.p99_ns = static_cast<double>(latencies_ns[latencies_ns.size() * 99 / 100]);
        context->remove(handler);
    }}.join();
    return figures;
}

void print_row(const std::string &what, const std::vector<Figures> &rounds) {
    std::vector<double> polled, p50, p99, cpu;
    for (const Figures &round : rounds) {
        polled.push_back(round.polled_percent);
        p50.push_back(round.p50_ns);
        p99.push_back(round.p99_ns);
        cpu.push_back(round.cpu_ns);
    }
    std::sort(polled.begin(), polled.end());
    fmt::print("{} {:>5.0f}%  {}  {}  {}\n", what, polled[polled.size() / 2], with_spread(p50),
               with_spread(p99), with_spread(cpu));
}

template <class Handler>
void compare(FdMonitorKind kind, const char *source, bool always_kick, int events) {
    for (const std::int64_t gap_ns : kGapsNs) {
        std::vector<Figures> off, on;
        run<Handler>(kind, always_kick, 0, gap_ns, events / 10); // warm-up
        for (int round = 0; round < kRounds; ++round) {
            off.push_back(run<Handler>(kind, always_kick, 0, gap_ns, events));
            on.push_back(run<Handler>(kind, always_kick, PollParameters::kDefaultMaxNs, gap_ns, events));
        }
        const std::string what =
            fmt::format("{:<8} {:<5} {:>3} us", kind == FdMonitorKind::epoll ? "epoll" : "io_uring", source,
                        gap_ns / 1000);
        print_row(what + "  off    ", off);
        print_row(what + "  default", on);
    }
}

/// Nanoseconds per pass of a loop that only runs one bottom half.
double floor_ns(FdMonitorKind kind, std::int64_t max_ns) {
    double per_pass_ns = 0;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters({.max_ns = max_ns});
        constexpr int kPasses = 200'000;
        int runs = 0;
        std::optional<BottomHalf> bh;
        bh.emplace(*context, [&] {
            if (++runs < kPasses)
                bh->schedule();
        });
        bh->schedule();
        const std::int64_t start_ns = monotonic_ns();
        while (runs < kPasses)
            context->poll(true);
        per_pass_ns = static_cast<double>(monotonic_ns() - start_ns) / kPasses;
    }}.join();
    return per_pass_ns;
}

/// Nanoseconds per schedule() from outside while the loop is awake.
double schedule_ns(FdMonitorKind kind) {
    std::promise<AioContext *> ready;
    std::atomic<bool> stop{false};
    std::thread loop{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        ready.set_value(context.get());
        while (!stop)
            context->poll(false);
    }};
    AioContext &context = *ready.get_future().get();
    pin_to(kProducerCpu);
    constexpr int kCalls = 200'000;
    auto bh = std::make_unique<BottomHalf>(context, [] {});
    const std::int64_t start_ns = monotonic_ns();
    for (int i = 0; i < kCalls; ++i)
        bh->schedule();
    const double per_call_ns = static_cast<double>(monotonic_ns() - start_ns) / kCalls;
    std::promise<void> gone;
    context.post([&] {
        bh.reset();
        gone.set_value();
    });
    gone.get_future().wait();
    stop = true;
    loop.join();
    return per_call_ns;
}

void print_floor(const std::string &what, const std::function<double()> &measure) {
    std::vector<double> rounds;
    measure(); // warm-up
    for (int round = 0; round < kRounds; ++round)
        rounds.push_back(measure());
    fmt::print("{:<42} {} ns\n", what, with_spread(rounds));
}

} // namespace

int main(int argc, char **argv) {
    const int events = argc > 1 ? std::atoi(argv[1]) : 5000;
    if (events < 100 || std::thread::hardware_concurrency() < 2) {
        fmt::print(stderr, "aio_bench: needs 100 events or more and two CPUs\n");
        return 1;
    }
    print_host();
    std::vector<FdMonitorKind> kinds{FdMonitorKind::epoll};
    if (AioContext::create().value()->has_ring())
        kinds.push_back(FdMonitorKind::io_uring);

    fmt::print("{} events a round, {} rounds, times in ns: median [least..most]\n", events, kRounds);
    fmt::print("monitor  source   gap  polling  polled  {:<23} {:<23} CPU\n", "p50", "p99");
    for (const FdMonitorKind kind : kinds) {
        compare<FdSource>(kind, "fd", true, events);
        compare<ProbeSource>(kind, "probe", false, events);
    }
    fmt::print("\n");
    for (const FdMonitorKind kind : kinds) {
        const char *const name = kind == FdMonitorKind::epoll ? "epoll" : "io_uring";
        print_floor(fmt::format("{}: pass with one bottom half, polling off", name),
                    [=] { return floor_ns(kind, 0); });
        print_floor(fmt::format("{}: pass with one bottom half, default", name),
                    [=] { return floor_ns(kind, PollParameters::kDefaultMaxNs); });
        print_floor(fmt::format("{}: schedule(), loop awake", name), [=] { return schedule_ns(kind); });
    }
    return 0;
}
