// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/comparison.hpp"

#include "daemon/aio/aio_context.hpp"
#include "tests/bench/measuring.hpp"

#include <numeric>

namespace iothreadd::bench {

void Figures::set_latencies(const std::vector<double> &latencies_ns) {
    const auto count = static_cast<double>(latencies_ns.size());
    mean_ns = std::accumulate(latencies_ns.begin(), latencies_ns.end(), 0.0) / count;
    p50_ns = percentile(latencies_ns, 0.5);
    p99_ns = percentile(latencies_ns, 0.99);
}

std::vector<Rounds> take_turns(std::span<const Setting> settings, int rounds,
                               const std::function<Figures(const Setting &)> &measure) {
    std::vector<Rounds> found(settings.size(), Rounds(static_cast<std::size_t>(rounds)));
    measure(settings.front());
    for (std::size_t round = 0; round < found.front().size(); ++round) {
        for (std::size_t i = 0; i < settings.size(); ++i) {
            const std::size_t turn = (i + round) % settings.size();
            found[turn][round] = measure(settings[turn]);
        }
    }
    return found;
}

std::vector<double> values(const Rounds &rounds, double Figures::*value) {
    std::vector<double> found;
    for (const Figures &round : rounds)
        found.push_back(round.*value);
    return found;
}

std::vector<double> ratios(const Rounds &ours, const Rounds &reference, double Figures::*value) {
    std::vector<double> found;
    for (std::size_t i = 0; i < ours.size(); ++i)
        found.push_back(ours[i].*value / reference[i].*value);
    return found;
}

std::vector<FdMonitorKind> fd_monitors() {
    std::vector<FdMonitorKind> kinds{FdMonitorKind::epoll};
    if (AioContext::create().value()->has_ring())
        kinds.push_back(FdMonitorKind::io_uring);
    return kinds;
}

const char *name_of(FdMonitorKind kind) { return kind == FdMonitorKind::epoll ? "epoll" : "io_uring"; }

} // namespace iothreadd::bench
