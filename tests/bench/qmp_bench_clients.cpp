// SPDX-License-Identifier: Apache-2.0
//
// Many clients: what they get when a hundred are busy, and what the others keep and do meanwhile.
#include "qmp_bench_client.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>

namespace iothreadd::bench {
namespace {

constexpr std::size_t kConnected = 1000;
constexpr std::size_t kActive = 100;
constexpr std::chrono::milliseconds kRoundTime{400};
constexpr std::chrono::seconds kIdleTime{5};
constexpr std::chrono::milliseconds kSettleTime{500};
constexpr int kMemoryRounds = 3; ///< each with a server of its own
constexpr double kMicrosecond = 1e3;
constexpr double kThousand = 1e3;
constexpr double kKibibyte = 1024;
constexpr char kCrowd[] = "1000 connected, 100 of them busy";
constexpr char kFew[] = "100 connected, all busy";

void pause(std::chrono::milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

/// Clients with one command in flight each: when an answer is there, the next command goes out.
class BusyClients {
public:
    explicit BusyClients(std::vector<Client *> clients)
        : clients_(std::move(clients)), sent_(clients_.size()) {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, clients_[i]->fd(), &event);
        }
    }

    /// Times from command to answer.
    std::vector<double> run(std::chrono::nanoseconds time) {
        std::vector<double> calls_ns;
        const auto end = Clock::now() + time;
        for (std::size_t i = 0; i < clients_.size(); ++i)
            ask(i);
        while (in_flight_ > 0) {
            epoll_event events[kActive];
            const int ready = ::epoll_wait(epoll_.get(), events, kActive, -1);
            for (int i = 0; i < ready; ++i)
                take(static_cast<std::size_t>(events[i].data.u64), end, calls_ns);
        }
        return calls_ns;
    }

private:
    void ask(std::size_t index) {
        sent_[index] = Clock::now();
        clients_[index]->send(kVersion);
        ++in_flight_;
    }

    void take(std::size_t index, Clock::time_point end, std::vector<double> &calls_ns) {
        if (!clients_[index]->receive().ends_with('\n'))
            return;
        const auto now = Clock::now();
        calls_ns.push_back(Nanoseconds(now - sent_[index]).count());
        --in_flight_;
        if (now < end)
            ask(index);
    }

    UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<Client *> clients_;
    std::vector<Clock::time_point> sent_;
    int in_flight_ = 0;
};

/// Of all clients, a hundred: others in every round.
std::vector<Client *> pick(const std::vector<std::unique_ptr<Client>> &clients, int round) {
    const std::size_t step = clients.size() / kActive;
    std::vector<Client *> picked;
    for (std::size_t i = static_cast<std::size_t>(round) % step; picked.size() < kActive; i += step)
        picked.push_back(clients[i].get());
    return picked;
}

std::vector<double> measure(const Server &server, std::vector<Client *> clients) {
    BusyClients busy{std::move(clients)};
    busy.run(std::chrono::nanoseconds{0}); // warm
    const double cpu_ns = server.child->cpu_ns();
    const auto start = Clock::now();
    const std::vector<double> calls_ns = busy.run(kRoundTime);
    const Nanoseconds passed = Clock::now() - start;
    const double calls = static_cast<double>(calls_ns.size());
    return {calls / passed.count() * 1e9, percentile(calls_ns, 0.5), percentile(calls_ns, 0.99),
            (server.child->cpu_ns() - cpu_ns) / calls};
}

struct Memory {
    double pss, rss;
};

Memory memory_of(const Server &server) {
    return {static_cast<double>(server.child->memory_bytes("Pss")),
            static_cast<double>(server.child->memory_bytes("Rss"))};
}

/// How much more there is than at first, for each of the clients.
std::vector<double> growth(const Memory &first, const Server &server) {
    const Memory now = memory_of(server);
    return {(now.pss - first.pss) / kConnected, (now.rss - first.rss) / kConnected};
}

void measure_memory(const Setting &setting, Home home, const std::string &name, Table &table) {
    const Server server = start_ours(setting, {home});
    server.client->call(kSchema); // warm
    const Memory first = memory_of(server);
    auto clients = connect_clients(server.sockets[0], kConnected);
    table.add(name + ": connected", growth(first, server));
    for (const auto &client : clients)
        client->call(kSchema);
    table.add(name + ": after query-qmp-schema", growth(first, server));
    for (const auto &client : clients)
        client->send(kSchema);
    for (const auto &client : clients)
        client->read_line();
    table.add(name + ": after all at once", growth(first, server));
    clients.clear();
    pause(kSettleTime);
    server.client->call(kVersion);
    table.add(name + ": all but one gone", growth(first, server));
}

struct Quiet {
    std::string row;
    Server server;
    std::vector<std::unique_ptr<Client>> clients;
    double cpu_ns = 0;
    std::int64_t switches = 0;
};

} // namespace

void bench_clients(const Setting &setting) {
    const Server crowded = start_ours(setting);
    const auto crowd = connect_clients(crowded.sockets[0], kConnected);
    const Server calm = start_ours(setting);
    const auto few = connect_clients(calm.sockets[0], kActive);
    Table table{"query-version, one in flight per busy client",
                {{"thousands per s", kThousand},
                 {"p50, us", kMicrosecond},
                 {"p99, us", kMicrosecond},
                 {"server CPU, us", kMicrosecond}}};
    for (int round = 0; round < kRounds; ++round) {
        table.add(kFew, measure(calm, pick(few, round)));
        table.add(kCrowd, measure(crowded, pick(crowd, round)));
    }
    table.print();
    table.print_ratio("p99, 1000 connected / 100 connected", kCrowd, kFew, 2);
    table.print_ratio("server CPU, 1000 connected / 100 connected", kCrowd, kFew, 3);
}

void bench_memory(const Setting &setting) {
    Table table{"memory per client, of 1000", {{"PSS, KiB (aim: < 16)", kKibibyte}, {"RSS, KiB", kKibibyte}}};
    for (int round = 0; round < kMemoryRounds; ++round) {
        measure_memory(setting, Home::main, "main thread", table);
        measure_memory(setting, Home::iothread, "iothread=", table);
    }
    table.print();
}

/// All servers at the same time, once: there is nothing to compare but zero.
void bench_idle(const Setting &setting) {
    std::vector<Quiet> all;
    const auto start = [&](const std::string &row, Server server, std::size_t count) {
        auto clients = connect_clients(server.sockets[0], count);
        all.push_back({row, std::move(server), std::move(clients)});
    };
    start("iothreadd, main thread, 1000 clients", start_ours(setting), kConnected);
    start("iothreadd, iothread=, 1000 clients", start_ours(setting, {Home::iothread}), kConnected);
    if (setting.peer)
        start("qemu-storage-daemon, 1 client", start_daemon(setting, *setting.peer), 0);
    pause(kSettleTime);
    for (Quiet &quiet : all) {
        quiet.cpu_ns = quiet.server.child->cpu_ns();
        quiet.switches = quiet.server.child->switches();
    }
    pause(kIdleTime);
    Table table{fmt::format("idle for {} s (aim: nothing)", kIdleTime.count()),
                {{"CPU, us", kMicrosecond}, {"context switches"}}};
    for (const Quiet &quiet : all)
        table.add(quiet.row, {quiet.server.child->cpu_ns() - quiet.cpu_ns,
                              static_cast<double>(quiet.server.child->switches() - quiet.switches)});
    table.print();
}

} // namespace iothreadd::bench
