// SPDX-License-Identifier: Apache-2.0
//
// aio_bench: what polling buys and costs for one source of events. A producer on its own CPU raises an event,
// waits until the loop has seen it, and after a gap raises the next. For each fd monitor, kind of source and
// gap, three settings take turns: polling off, and two policies.
//
//   source    `fd` is an eventfd alone; `probe` is a word in memory, with the eventfd as a kick between poll
//             modes
//   polled    share of the events that ended a spin; the others woke the loop
//   p50, p99  from before the event is raised to the first instruction of the handler
//   CPU       of the loop's thread, per event
//
// Each group ends with what is expected of it. "Within the spread" means that the median is not above what
// the rounds with polling off came to at most.
//
// Usage: aio_bench [--ms N] [--rounds N] [--only TEXT]     Not a test: figures belong into commit messages.
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"
#include "tests/bench/measuring.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;

namespace {

constexpr std::int64_t kGapsNs[] = {3'000, 5'000, 15'000, 50'000, 200'000};
constexpr std::int64_t kPolledGapNs = 15'000;  // up to here polling is expected to serve nearly everything
constexpr std::int64_t kSparseGapNs = 200'000; // from here on it is expected to cost nothing
constexpr std::int64_t kTypicalWaitNs = 5'000; // what an event takes apart from its gap
constexpr std::int64_t kLeastEvents = 20;

constexpr Setting kSettings[] = {kOff, kWeighted, kPredictive};

/// Where the producer and the loop meet.
struct Source {
    std::atomic<std::int64_t> raised_ns{0}; ///< 0: nothing to see
    std::atomic<std::size_t> seen{0};
    std::atomic<bool> kicks{true}; ///< whether the loop wants the eventfd
    UniqueFd eventfd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::vector<double> latencies_ns;

    void raise(bool always_kick) {
        raised_ns.store(monotonic_ns(), std::memory_order_seq_cst);
        if (always_kick || kicks.load(std::memory_order_seq_cst))
            ::eventfd_write(eventfd.get(), 1);
    }
};

class FdSource : public AioHandler {
public:
    static constexpr const char *kName = "fd";
    static constexpr bool kAlwaysKick = true;

    explicit FdSource(Source &source) : AioHandler(source.eventfd.get(), POLLIN), source_(source) {}

    bool empties_descriptor() const override { return true; }

    Drained ready(std::uint32_t) override {
        const std::int64_t now_ns = monotonic_ns();
        eventfd_t value = 0;
        ::eventfd_read(fd(), &value);
        take(now_ns);
        return Drained::yes;
    }

protected:
    void take(std::int64_t now_ns) {
        const std::int64_t raised_ns = source_.raised_ns.exchange(0);
        if (raised_ns == 0)
            return; // a kick whose event a probe has found
        source_.latencies_ns.push_back(latency_ns(now_ns, raised_ns));
        source_.seen.fetch_add(1, std::memory_order_release);
    }

    Source &source_;
};

class ProbeSource final : public FdSource {
public:
    static constexpr const char *kName = "probe";
    static constexpr bool kAlwaysKick = false;

    using FdSource::FdSource;
    bool has_probe() const override { return true; }
    bool probe() override { return source_.raised_ns.load(std::memory_order_acquire) != 0; }
    Drained probe_ready() override {
        take(monotonic_ns());
        return Drained::yes;
    }
    void poll_begin() override { source_.kicks.store(false, std::memory_order_seq_cst); }
    void poll_end() override { source_.kicks.store(true, std::memory_order_seq_cst); }
};

void produce(Source &source, bool always_kick, std::int64_t gap_ns, std::size_t events) {
    pin_to(kProducerCpu);
    for (std::size_t i = 0; i < events; ++i) {
        while (source.seen.load(std::memory_order_acquire) != i) {
        }
        spin_until(monotonic_ns() + gap_ns);
        source.raise(always_kick);
    }
}

/// One round, in a thread of its own.
template <class Handler>
Figures run(FdMonitorKind kind, const PollParameters &parameters, std::int64_t gap_ns, std::size_t events) {
    Figures figures;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create({.fd_monitor = kind}).value());
        context->set_poll_parameters(parameters);
        Source source;
        source.latencies_ns.reserve(events);
        Handler handler{source};
        context->add(handler);
        context->poll(false);
        std::thread producer{[&] { produce(source, Handler::kAlwaysKick, gap_ns, events); }};
        const std::int64_t cpu_ns = thread_cpu_ns();
        while (source.seen.load(std::memory_order_relaxed) < events)
            context->poll(true);
        const auto count = static_cast<double>(events);
        figures.cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_ns) / count;
        producer.join();
        figures.polled_percent = 100.0 * static_cast<double>(context->stats().hits) / count;
        figures.set_latencies(source.latencies_ns);
        context->remove(handler);
    }}.join();
    return figures;
}

void print_row(const std::string &what, const Setting &setting, const Rounds &rounds) {
    fmt::print("{}  {:<10} {:>5.1f}%  {}  {}  {}\n", what, setting.name,
               median(values(rounds, &Figures::polled_percent)),
               with_spread(values(rounds, &Figures::p50_ns)), with_spread(values(rounds, &Figures::p99_ns)),
               with_spread(values(rounds, &Figures::cpu_ns)));
}

void print_verdict(const Setting &setting, std::int64_t gap_ns, const Rounds &off, const Rounds &on) {
    if (gap_ns <= kPolledGapNs)
        fmt::print("  {}: {}, {}\n", setting.name,
                   verdict("polled >= 95 %", median(values(on, &Figures::polled_percent)) >= 95),
                   verdict("p50 < 1 us", median(values(on, &Figures::p50_ns)) < 1000));
    if (gap_ns >= kSparseGapNs) {
        const auto off_cpu_ns = values(off, &Figures::cpu_ns);
        fmt::print("  {}: {}, CPU of off x {}\n", setting.name,
                   verdict("CPU <= off, within the spread",
                           median(values(on, &Figures::cpu_ns)) <= *std::ranges::max_element(off_cpu_ns)),
                   ratio_with_spread(ratios(on, off, &Figures::cpu_ns)));
    }
}

template <class Handler>
void compare(FdMonitorKind kind, std::int64_t gap_ns, const CommandLine &command) {
    const std::string what =
        fmt::format("{:<8} {:<5} {:>3} us", name_of(kind), Handler::kName, gap_ns / 1000);
    if (!command.wants(what))
        return;
    const auto events =
        static_cast<std::size_t>(std::max(kLeastEvents, command.time_ns() / (gap_ns + kTypicalWaitNs)));
    const auto rounds = take_turns(kSettings, command.rounds, [&](const Setting &setting) {
        return run<Handler>(kind, setting.parameters, gap_ns, events);
    });
    for (std::size_t i = 0; i < rounds.size(); ++i)
        print_row(what, kSettings[i], rounds[i]);
    for (std::size_t i = 1; i < rounds.size(); ++i)
        print_verdict(kSettings[i], gap_ns, rounds[0], rounds[i]);
}

} // namespace

int main(int argc, char **argv) {
    const CommandLine command = parse_command_line(argc, argv, {.time_ms = 300});
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_host();
    fmt::print("{} ms a round, {} rounds, times in ns: median [least..most]\n", command.time_ms,
               command.rounds);
    fmt::print("monitor  source   gap  polling     polled  {:<23} {:<23} CPU\n", "p50", "p99");
    for (const FdMonitorKind kind : fd_monitors()) {
        for (const std::int64_t gap_ns : kGapsNs)
            compare<FdSource>(kind, gap_ns, command);
        for (const std::int64_t gap_ns : kGapsNs)
            compare<ProbeSource>(kind, gap_ns, command);
    }
    return 0;
}
