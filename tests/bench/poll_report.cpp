// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/poll_report.hpp"

#include "tests/bench/measuring.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <string_view>

namespace iothreadd::bench {
namespace {

constexpr double kMostCpuInAll = 0.9, kMostCpu = 1.05, kMostP99 = 1, kMostMean = 1.05, kMostSparseMean = 1.35;
// Events that come rarely and at random, where CPU can only be had for latency.
constexpr std::string_view kSparse[] = {"random 60 us", "random 300 us", "lognormal 12 us",
                                        "random 150 us twice"};

struct Kind {
    const char *name, *title;
    double Figures::*value;
};

constexpr Kind kKinds[] = {{"cpu_ns", "CPU", &Figures::cpu_ns},
                           {"mean_ns", "mean latency", &Figures::mean_ns},
                           {"p99_ns", "p99 latency", &Figures::p99_ns}};

std::vector<double> ratios_of(const TraceFigures &trace, std::size_t setting, double Figures::*value) {
    return ratios(trace.rounds[setting], trace.rounds[kPollReference], value);
}

void print_ratios(std::size_t setting, std::span<const TraceFigures> traces) {
    fmt::print("\n{} / {:<20}", kPollSettings[setting].name, kPollSettings[kPollReference].name);
    for (const Kind &kind : kKinds)
        fmt::print(" {:<20}", kind.title);
    fmt::print("\n");
    std::array<std::vector<double>, std::size(kKinds)> medians;
    for (const TraceFigures &trace : traces) {
        fmt::print("  {:<28}", trace.name);
        for (std::size_t i = 0; i < std::size(kKinds); ++i) {
            const auto found = ratios_of(trace, setting, kKinds[i].value);
            medians[i].push_back(median(found));
            fmt::print("{:<21}", ratio_with_spread(found));
        }
        fmt::print("\n");
    }
    fmt::print("  {:<28}", "geometric mean");
    for (const auto &found : medians)
        fmt::print("{:<21.2f}", geometric_mean(found));
    fmt::print("\n");
}

/// Whether each trace's ratio is at most what it may be; a trace of which a round kept to it is within the
/// spread. Names the others.
void print_verdict(std::string claim, std::span<const TraceFigures> traces, double Figures::*value,
                   const std::function<double(const TraceFigures &)> &most) {
    std::string beyond;
    for (const TraceFigures &trace : traces) {
        const auto found = ratios_of(trace, kPollClaimant, value);
        if (*std::ranges::min_element(found) > most(trace))
            beyond += fmt::format("\n    {:<28}{}", trace.name, ratio_with_spread(found));
    }
    fmt::print("  {}{}\n", verdict(claim + ", within the spread", beyond.empty()), beyond);
}

double most_mean(const TraceFigures &trace) {
    return std::ranges::find(kSparse, trace.name) != std::end(kSparse) ? kMostSparseMean : kMostMean;
}

void print_verdicts(std::span<const TraceFigures> traces) {
    fmt::print("\n{} against {}\n", kPollSettings[kPollClaimant].name, kPollSettings[kPollReference].name);
    std::vector<double> cpu;
    for (const TraceFigures &trace : traces)
        cpu.push_back(median(ratios_of(trace, kPollClaimant, &Figures::cpu_ns)));
    fmt::print("  {}\n", verdict(fmt::format("geometric mean of CPU <= {}", kMostCpuInAll),
                                 geometric_mean(cpu) <= kMostCpuInAll));
    print_verdict(fmt::format("CPU <= {} everywhere", kMostCpu), traces, &Figures::cpu_ns,
                  [](const TraceFigures &) { return kMostCpu; });
    print_verdict("p99 not worse", traces, &Figures::p99_ns, [](const TraceFigures &) { return kMostP99; });
    print_verdict(fmt::format("mean <= {} ({} where events are rare and random)", kMostMean, kMostSparseMean),
                  traces, &Figures::mean_ns, most_mean);
}

nlohmann::ordered_json as_json(const Rounds &rounds) {
    auto list = nlohmann::ordered_json::array();
    for (const Figures &round : rounds) {
        nlohmann::ordered_json figures;
        for (const Kind &kind : kKinds)
            figures[kind.name] = std::round(round.*kind.value);
        figures["polled_percent"] = std::round(round.polled_percent);
        list.push_back(std::move(figures));
    }
    return list;
}

} // namespace

void print_trace(const TraceFigures &trace) {
    fmt::print("{}, {} events\n", trace.name, trace.events);
    for (std::size_t i = 0; i < trace.rounds.size(); ++i)
        fmt::print("  {:<11} CPU {}  mean {}  p99 {}  polled {:>3.0f}%\n", kPollSettings[i].name,
                   with_spread(values(trace.rounds[i], &Figures::cpu_ns)),
                   with_spread(values(trace.rounds[i], &Figures::mean_ns)),
                   with_spread(values(trace.rounds[i], &Figures::p99_ns)),
                   median(values(trace.rounds[i], &Figures::polled_percent)));
}

void print_ratios(std::span<const TraceFigures> traces) {
    for (std::size_t i = 0; i < std::size(kPollSettings); ++i)
        if (i != kPollReference)
            print_ratios(i, traces);
    print_verdicts(traces);
}

bool write_json(const CommandLine &command, std::span<const TraceFigures> traces) {
    const Host where = host();
    nlohmann::ordered_json all{
        {"host", {{"kernel", where.kernel}, {"cpus", where.cpus}, {"model", where.model}}},
        {"ms", command.time_ms},
        {"rounds", command.rounds},
        {"traces", nlohmann::ordered_json::array()}};
    for (const TraceFigures &trace : traces) {
        nlohmann::ordered_json policies;
        for (std::size_t i = 0; i < trace.rounds.size(); ++i)
            policies[kPollSettings[i].name] = as_json(trace.rounds[i]);
        all["traces"].push_back({{"name", trace.name}, {"events", trace.events}, {"policies", policies}});
    }
    std::ofstream file{command.json};
    file << all.dump() << '\n';
    file.close();
    return !file.fail();
}

} // namespace iothreadd::bench
