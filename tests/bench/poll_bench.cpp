// SPDX-License-Identifier: Apache-2.0
//
// poll_bench: the polling policies against each other, live. The recorded arrivals that the unit tests use
// are played by a producer on its own CPU: it raises an event of one source, an eventfd, waits until the loop
// has seen it, and after the next gap raises the next. Policies take turns, round by round, each on a loop
// that has learnt nothing yet.
//
//   CPU        of the loop's thread, per event, in ns
//   mean, p99  from before the event is raised to inside its handler, in ns
//   polled     share of the events that ended a spin
//
// The ratios at the end are against `weighted`: medians, and in brackets the spread over the rounds.
// poll_plot.py makes the manual's table and figure from what --json writes.
//
// Usage: poll_bench [--ms N] [--rounds N] [--only TEXT] [--json FILE]
//        Not a test: figures belong into commit messages.
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"
#include "tests/bench/measuring.hpp"
#include "tests/bench/poll_report.hpp"
#include "tests/traces/poll_trace.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;
using test::PollTrace;

namespace {

/// Where the producer and the loop meet.
struct Meeting {
    std::atomic<std::size_t> seen{0};
    std::vector<double> latencies_ns;
};

class Source final : public AioHandler {
public:
    Source(UniqueFd eventfd, Meeting &meeting)
        : AioHandler(eventfd.get(), POLLIN), eventfd_(std::move(eventfd)), meeting_(meeting) {}

    void raise() {
        raised_ns_.store(monotonic_ns());
        ::eventfd_write(fd(), 1);
    }

private:
    bool empties_descriptor() const override { return true; }

    Drained ready(std::uint32_t) override {
        const std::int64_t now_ns = monotonic_ns();
        eventfd_t value = 0;
        ::eventfd_read(fd(), &value);
        const std::int64_t raised_ns = raised_ns_.exchange(0);
        if (raised_ns == 0)
            return Drained::yes; // it was seen before its write was
        meeting_.latencies_ns.push_back(latency_ns(now_ns, raised_ns));
        meeting_.seen.fetch_add(1, std::memory_order_release);
        return Drained::yes;
    }

    const UniqueFd eventfd_;
    std::atomic<std::int64_t> raised_ns_{0}; // 0: nothing to see
    Meeting &meeting_;
};

void produce(std::vector<std::unique_ptr<Source>> &sources, const Meeting &meeting, const PollTrace &trace,
             std::size_t events) {
    pin_to(kProducerCpu);
    for (std::size_t i = 0; i < events; ++i) {
        while (meeting.seen.load(std::memory_order_acquire) != i) {
        }
        spin_until(monotonic_ns() + trace.events[i].gap_ns);
        sources[trace.events[i].source]->raise();
    }
}

/// How many events of a trace fit into a time.
std::size_t events_within(const PollTrace &trace, std::int64_t time_ns) {
    std::size_t events = 0;
    for (std::int64_t sum_ns = 0; events < trace.events.size() && sum_ns < time_ns; ++events)
        sum_ns += trace.events[events].gap_ns;
    return events;
}

Figures play(const PollTrace &trace, const PollParameters &parameters, std::size_t events) {
    Figures figures;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create().value());
        context->set_poll_parameters(parameters);
        Meeting meeting;
        meeting.latencies_ns.reserve(events);
        std::vector<std::unique_ptr<Source>> sources;
        for (unsigned i = 0; i < trace.sources(); ++i) {
            sources.push_back(
                std::make_unique<Source>(UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, meeting));
            context->add(*sources.back());
        }
        context->poll(false);
        std::thread producer{[&] { produce(sources, meeting, trace, events); }};
        const std::int64_t cpu_ns = thread_cpu_ns();
        while (meeting.seen.load(std::memory_order_relaxed) < events)
            context->poll(true);
        const auto count = static_cast<double>(events);
        figures.cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_ns) / count;
        producer.join();
        figures.polled_percent = 100.0 * static_cast<double>(context->stats().hits) / count;
        figures.set_latencies(meeting.latencies_ns);
        for (const auto &source : sources)
            context->remove(*source);
    }}.join();
    return figures;
}

} // namespace

int main(int argc, char **argv) {
    const CommandLine command = parse_command_line(argc, argv, {.time_ms = 300}, true);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_host();
    fmt::print("{} ms a round, {} rounds: median [least..most]\n", command.time_ms, command.rounds);
    std::vector<TraceFigures> all;
    for (const PollTrace &trace : test::load_poll_traces()) {
        if (!command.wants(trace.name))
            continue;
        const std::size_t events = events_within(trace, command.time_ns());
        all.push_back(
            {trace.name, events, take_turns(kPollSettings, command.rounds, [&](const Setting &setting) {
                 return play(trace, setting.parameters, events);
             })});
        print_trace(all.back());
    }
    if (!all.empty())
        print_ratios(all);
    if (!command.json.empty() && !write_json(command, all)) {
        fmt::print(stderr, "poll_bench: cannot write '{}'\n", command.json);
        return 1;
    }
    return 0;
}
