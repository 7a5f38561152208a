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
//
// Usage: poll_bench [MILLISECONDS [ROUNDS [TRACE]]]
//        how long a policy plays a trace in a round (300), how many rounds (5), a part of the trace's name
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/measuring.hpp"
#include "tests/traces/poll_trace.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;
using test::PollTrace;

namespace {

struct Policy {
    const char *name;
    PollParameters parameters;
};

const Policy kPolicies[] = {
    {"off", {.max_ns = 0}},
    {"classic", {.rule = PollRule::classic}},
    {"weighted", {.rule = PollRule::weighted}},
    {"predictive", {.rule = PollRule::predictive}},
};
constexpr std::size_t kReference = 2;

/// What one policy made of one trace in one round.
struct Figures {
    double cpu_ns = 0, mean_ns = 0, p99_ns = 0, polled_percent = 0;
};

/// Where the producer and the loop meet.
struct Meeting {
    std::atomic<std::int64_t> raised_ns{0};
    std::atomic<std::size_t> seen{0};
    std::vector<double> latencies_ns;
};

class Source final : public AioHandler {
public:
    Source(UniqueFd eventfd, Meeting &meeting)
        : AioHandler(eventfd.get(), POLLIN), eventfd_(std::move(eventfd)), meeting_(meeting) {}

    void raise() {
        meeting_.raised_ns.store(monotonic_ns(), std::memory_order_release);
        ::eventfd_write(fd(), 1);
    }

private:
    Drained ready(std::uint32_t) override {
        const std::int64_t now_ns = monotonic_ns();
        meeting_.latencies_ns.push_back(
            static_cast<double>(now_ns - meeting_.raised_ns.load(std::memory_order_acquire)));
        meeting_.seen.fetch_add(1, std::memory_order_release);
        return Drained::yes; // every write is an event of its own: nothing has to be read
    }

    const UniqueFd eventfd_;
    Meeting &meeting_;
};

void produce(std::vector<std::unique_ptr<Source>> &sources, const Meeting &meeting, const PollTrace &trace,
             std::size_t events) {
    pin_to(kProducerCpu);
    for (std::size_t i = 0; i < events; ++i) {
        while (meeting.seen.load(std::memory_order_acquire) != i) {
        }
        const std::int64_t due_ns = monotonic_ns() + trace.events[i].gap_ns;
        while (monotonic_ns() < due_ns) {
        }
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
        auto &latencies_ns = meeting.latencies_ns;
        figures.mean_ns = std::accumulate(latencies_ns.begin(), latencies_ns.end(), 0.0) / count;
        std::sort(latencies_ns.begin(), latencies_ns.end());
        figures.p99_ns = latencies_ns[latencies_ns.size() * 99 / 100];
        for (const auto &source : sources)
            context->remove(*source);
    }}.join();
    return figures;
}

/// rounds[policy][round]
using Rounds = std::vector<std::vector<Figures>>;

std::vector<double> values(const std::vector<Figures> &rounds, double Figures::*value) {
    std::vector<double> found;
    for (const Figures &round : rounds)
        found.push_back(round.*value);
    return found;
}

/// Round by round, so that what disturbs one policy disturbs the other, too.
std::vector<double> ratios(const std::vector<Figures> &ours, const std::vector<Figures> &reference,
                           double Figures::*value) {
    std::vector<double> found;
    for (std::size_t i = 0; i < ours.size(); ++i)
        found.push_back(ours[i].*value / reference[i].*value);
    return found;
}

std::string percent(std::vector<double> found) {
    const auto [least, most] = std::minmax_element(found.begin(), found.end());
    return fmt::format("{:>4.2f} [{:.2f}..{:.2f}]", median(found), *least, *most);
}

double geometric_mean(const std::vector<double> &found) {
    double sum = 0;
    for (const double value : found)
        sum += std::log(value);
    return std::exp(sum / static_cast<double>(found.size()));
}

Rounds measure(const PollTrace &trace, std::size_t events, int count) {
    Rounds rounds(std::size(kPolicies));
    play(trace, {}, events / 10 + 1); // warm-up
    for (int round = 0; round < count; ++round)
        for (std::size_t i = 0; i < std::size(kPolicies); ++i)
            rounds[i].push_back(play(trace, kPolicies[i].parameters, events));
    return rounds;
}

void print_trace(const PollTrace &trace, std::size_t events, const Rounds &rounds) {
    fmt::print("{}, {} events\n", trace.name, events);
    for (std::size_t i = 0; i < std::size(kPolicies); ++i)
        fmt::print("  {:<11} CPU {}  mean {}  p99 {}  polled {:>3.0f}%\n", kPolicies[i].name,
                   with_spread(values(rounds[i], &Figures::cpu_ns)),
                   with_spread(values(rounds[i], &Figures::mean_ns)),
                   with_spread(values(rounds[i], &Figures::p99_ns)),
                   median(values(rounds[i], &Figures::polled_percent)));
}

void print_ratios(const std::vector<std::string> &names, const std::vector<Rounds> &all) {
    const std::pair<const char *, double Figures::*> kinds[] = {
        {"CPU", &Figures::cpu_ns}, {"mean", &Figures::mean_ns}, {"p99", &Figures::p99_ns}};
    for (std::size_t i = 0; i < std::size(kPolicies); ++i) {
        if (i == kReference)
            continue;
        fmt::print("\n{} / {:<20} {:<20} {:<20} {}\n", kPolicies[i].name, kPolicies[kReference].name, "CPU",
                   "mean latency", "p99 latency");
        std::map<std::string, std::vector<double>> medians;
        for (std::size_t trace = 0; trace < all.size(); ++trace) {
            std::string row = fmt::format("  {:<28}", names[trace]);
            for (const auto &[kind, value] : kinds) {
                const auto found = ratios(all[trace][i], all[trace][kReference], value);
                medians[kind].push_back(median(found));
                row += fmt::format("{:<21}", percent(found));
            }
            fmt::print("{}\n", row);
        }
        fmt::print("  {:<28}{:<21.2f}{:<21.2f}{:.2f}\n", "geometric mean", geometric_mean(medians["CPU"]),
                   geometric_mean(medians["mean"]), geometric_mean(medians["p99"]));
    }
}

} // namespace

int main(int argc, char **argv) {
    const std::int64_t time_ms = argc > 1 ? std::atoi(argv[1]) : 300;
    const int count = argc > 2 ? std::atoi(argv[2]) : 5;
    const std::string_view part = argc > 3 ? argv[3] : "";
    if (time_ms < 1 || count < 1 || std::thread::hardware_concurrency() < 2) {
        fmt::print(stderr, "poll_bench: needs a millisecond, a round and two CPUs at least\n");
        return 1;
    }
    print_host();
    std::vector<std::string> names;
    std::vector<Rounds> all;
    for (const PollTrace &trace : test::load_poll_traces()) {
        if (trace.name.find(part) == std::string::npos)
            continue;
        const std::size_t events = events_within(trace, time_ms * 1'000'000);
        names.push_back(trace.name);
        all.push_back(measure(trace, events, count));
        print_trace(trace, events, all.back());
        std::fflush(stdout);
    }
    if (!all.empty())
        print_ratios(names, all);
    return 0;
}
