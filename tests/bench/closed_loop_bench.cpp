// SPDX-License-Identifier: Apache-2.0
//
// closed_loop_bench: the polling policies with devices at queue depth 1. A device is kicked, is done some
// time later, and is kicked again some time after that: two sources of events each, and whoever is slow has
// fewer of them. This is what tells a policy that saves CPU from one that only does less.
//
// One thread on a CPU of its own plays all devices: it looks at the clock without a pause and raises, through
// eventfds, what is due. A device's next event is due some time after the loop has seen the one before. These
// times are the same for all policies, device by device.
//
//   cycles     per second, of all devices together: kick, done, next kick
//   CPU        of the loop's thread, per event, in ns
//   p50, p99   from before an event is raised to inside its handler, in ns
//
// The ratios are against `classic`, round by round.
//
// Usage: closed_loop_bench [--ms N] [--rounds N] [--only TEXT]
//        Not a test: figures belong into commit messages.
#include "daemon/aio/aio_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "tests/bench/command_line.hpp"
#include "tests/bench/comparison.hpp"
#include "tests/bench/measuring.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::bench;

namespace {

/// Microseconds.
struct Workload {
    const char *name;
    int devices;
    double think, think_deviation; ///< from done to the next kick; deviation 0: random, `think` is the mean
    double service, service_deviation; ///< from the kick to done
};

constexpr Workload kWorkloads[] = {
    {"1 device, 5 us, 80 us", 1, 5, 1, 80, 4},
    {"2 devices, 20 us, 90 us", 2, 20, 0, 90, 10},
    {"4 devices, 40 us, 120 us", 4, 40, 0, 120, 15},
    {"16 devices, 60 us, 200 us", 16, 60, 0, 200, 30},
};

constexpr Setting kSettings[] = {kOff, kClassic, kWeighted, kPredictive};
constexpr std::size_t kReference = 1, kClaimant = 2;
constexpr double kMostCpu = 0.90, kLeastThroughput = 0.97;

struct Seen {
    std::vector<double> latencies_ns;
    std::size_t cycles = 0;
};

class Device;

/// One of the two events of a device.
class Event final : public AioHandler {
public:
    Event(UniqueFd eventfd, Device &device)
        : AioHandler(eventfd.get(), POLLIN), eventfd_(std::move(eventfd)), device_(device) {}

    void raise() {
        raised_ns_.store(monotonic_ns());
        ::eventfd_write(fd(), 1);
    }

private:
    bool empties_descriptor() const override { return true; }
    Drained ready(std::uint32_t) override;

    const UniqueFd eventfd_;
    std::atomic<std::int64_t> raised_ns_{0}; // 0: nothing to see
    Device &device_;
};

UniqueFd make_eventfd() { return UniqueFd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}; }

class alignas(64) Device {
public:
    Device(const Workload &workload, unsigned seed, Seen &seen)
        : workload_(workload), random_(seed), seen_(seen) {}

    Event kick{make_eventfd(), *this}, done{make_eventfd(), *this};

    /// The producer: raise the next event if it is due.
    void play(std::int64_t now_ns) {
        if (due_ns_ == 0) {
            const std::int64_t handled_ns = handled_ns_.load(std::memory_order_acquire);
            if (handled_ns == 0)
                return;
            due_ns_ = handled_ns + next_ns();
        }
        if (now_ns < due_ns_)
            return;
        due_ns_ = 0;
        serving_ = !serving_;
        handled_ns_.store(0, std::memory_order_relaxed);
        (serving_ ? kick : done).raise();
    }

    /// The loop: an event that was raised at `raised_ns` came to its handler at `now_ns`.
    void handle(std::int64_t raised_ns, std::int64_t now_ns, bool was_done) {
        seen_.latencies_ns.push_back(latency_ns(now_ns, raised_ns));
        seen_.cycles += was_done;
        handled_ns_.store(now_ns, std::memory_order_release);
    }

    void start(std::int64_t now_ns) { due_ns_ = now_ns + next_ns(); }

private:
    /// Until it is done, or until it is kicked.
    std::int64_t next_ns() {
        const Workload &work = workload_;
        double us = 0;
        if (serving_)
            us = std::normal_distribution{work.service, work.service_deviation}(random_);
        else if (work.think_deviation > 0)
            us = std::normal_distribution{work.think, work.think_deviation}(random_);
        else
            us = std::exponential_distribution{1 / work.think}(random_);
        return static_cast<std::int64_t>(1000 * std::max(1.0, us));
    }

    const Workload &workload_;
    std::mt19937_64 random_;
    Seen &seen_; // the loop's
    bool serving_ = false;
    std::int64_t due_ns_ = 0;                 // 0: when the last event has been seen
    std::atomic<std::int64_t> handled_ns_{0}; // 0: not yet
};

AioHandler::Drained Event::ready(std::uint32_t) {
    const std::int64_t now_ns = monotonic_ns();
    eventfd_t value = 0;
    ::eventfd_read(fd(), &value);
    const std::int64_t raised_ns = raised_ns_.exchange(0);
    if (raised_ns != 0) // else it was seen before its write was
        device_.handle(raised_ns, now_ns, this == &device_.done);
    return Drained::yes;
}

using Devices = std::vector<std::unique_ptr<Device>>;

void produce(Devices &devices, std::int64_t time_ns) {
    pin_to(kProducerCpu);
    const std::int64_t start_ns = monotonic_ns();
    for (const auto &device : devices)
        device->start(start_ns);
    for (std::int64_t now_ns = start_ns; now_ns < start_ns + time_ns; now_ns = monotonic_ns())
        for (const auto &device : devices)
            device->play(now_ns);
}

Figures run(const Workload &workload, const Setting &setting, std::int64_t time_ns) {
    Figures figures;
    std::thread{[&] {
        pin_to(kLoopCpu);
        const auto context = std::move(AioContext::create().value());
        context->set_poll_parameters(setting.parameters);
        Seen seen;
        seen.latencies_ns.reserve(static_cast<std::size_t>(time_ns / 1000));
        Devices devices;
        for (int i = 0; i < workload.devices; ++i) {
            devices.push_back(std::make_unique<Device>(workload, static_cast<unsigned>(i + 1), seen));
            context->add(devices.back()->kick);
            context->add(devices.back()->done);
        }
        context->poll(false);
        bool over = false;
        std::thread producer{[&] {
            produce(devices, time_ns);
            context->post([&] { over = true; });
        }};
        const std::int64_t start_ns = monotonic_ns(), cpu_ns = thread_cpu_ns();
        while (!over)
            context->poll(true);
        figures.cpu_ns =
            static_cast<double>(thread_cpu_ns() - cpu_ns) / static_cast<double>(seen.latencies_ns.size());
        figures.per_second =
            static_cast<double>(seen.cycles) * kNsPerSecond / static_cast<double>(monotonic_ns() - start_ns);
        producer.join();
        figures.polled_percent = 100.0 * static_cast<double>(context->stats().hits) /
                                 static_cast<double>(seen.latencies_ns.size());
        figures.set_latencies(seen.latencies_ns);
        for (const auto &device : devices) {
            context->remove(device->kick);
            context->remove(device->done);
        }
    }}.join();
    return figures;
}

void print_figures(const std::vector<Rounds> &rounds) {
    for (std::size_t i = 0; i < rounds.size(); ++i)
        fmt::print("  {:<10}  cycles {}  CPU {}  p50 {}  p99 {}  polled {:>3.0f}%\n", kSettings[i].name,
                   with_spread(values(rounds[i], &Figures::per_second)),
                   with_spread(values(rounds[i], &Figures::cpu_ns)),
                   with_spread(values(rounds[i], &Figures::p50_ns)),
                   with_spread(values(rounds[i], &Figures::p99_ns)),
                   median(values(rounds[i], &Figures::polled_percent)));
}

/// What became of the reference's CPU and throughput, setting by setting.
struct Ratios {
    std::array<std::vector<double>, std::size(kSettings)> cpu, throughput; ///< the medians
};

void print_verdict(double cpu, double throughput) {
    fmt::print("    {}, {}\n", verdict("CPU -10 % or better", cpu <= kMostCpu),
               verdict("throughput -3 % or better", throughput >= kLeastThroughput));
}

void print_ratios(const std::vector<Rounds> &rounds, Ratios &all) {
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        if (i == kReference)
            continue;
        const auto cpu = ratios(rounds[i], rounds[kReference], &Figures::cpu_ns);
        const auto throughput = ratios(rounds[i], rounds[kReference], &Figures::per_second);
        all.cpu[i].push_back(median(cpu));
        all.throughput[i].push_back(median(throughput));
        fmt::print("  {} / {}: CPU {}, throughput {}\n", kSettings[i].name, kSettings[kReference].name,
                   ratio_with_spread(cpu), ratio_with_spread(throughput));
        if (i == kClaimant)
            print_verdict(median(cpu), median(throughput));
    }
}

void print_summary(const Ratios &all) {
    fmt::print("geometric means\n");
    for (std::size_t i = 0; i < std::size(kSettings); ++i) {
        if (i == kReference)
            continue;
        const double cpu = geometric_mean(all.cpu[i]), throughput = geometric_mean(all.throughput[i]);
        fmt::print("  {} / {}: CPU {:.2f}, throughput {:.3f}\n", kSettings[i].name,
                   kSettings[kReference].name, cpu, throughput);
        if (i == kClaimant)
            print_verdict(cpu, throughput);
    }
}

} // namespace

int main(int argc, char **argv) {
    const CommandLine command = parse_command_line(argc, argv, {.time_ms = 500});
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    print_host();
    fmt::print("{} ms a round, {} rounds: median [least..most]\n", command.time_ms, command.rounds);
    Ratios all;
    for (const Workload &workload : kWorkloads) {
        if (!command.wants(workload.name))
            continue;
        const auto rounds = take_turns(kSettings, command.rounds, [&](const Setting &setting) {
            return run(workload, setting, command.time_ns());
        });
        fmt::print("{}\n", workload.name);
        print_figures(rounds);
        print_ratios(rounds, all);
    }
    if (!all.cpu[kClaimant].empty())
        print_summary(all);
    return 0;
}
