// SPDX-License-Identifier: Apache-2.0
//
// Events: how long until everybody has one, and what it costs to deliver it. The event is
// BLOCK_EXPORT_DELETED, which the peer has too; the client whose command caused it gets it as well.
#include "qmp_bench_client.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>

#include <algorithm>

namespace iothreadd::bench {
namespace {

constexpr std::size_t kListeners = 500;
constexpr int kSingles = 30; ///< events in a round that come one at a time
constexpr int kBurst = 20;   ///< events that come as fast as the commands are run
constexpr int kBursts = 5;   ///< in a round
constexpr double kMicrosecond = 1e3;
constexpr double kThousand = 1e3;

std::string add_request(int id) {
    return fmt::format(
        R"({{"execute": "block-export-add", "arguments": {{"type": "nbd", "id": "e{}", "name": "e{}", "node-name": "n0"}}}})",
        id, id);
}

std::string delete_request(int id) {
    return fmt::format(R"({{"execute": "block-export-del", "arguments": {{"id": "e{}"}}}})", id);
}

/// A server, the client whose commands cause events, and the others.
class Audience {
public:
    Audience(Server server, std::size_t clients) : server_(std::move(server)) {
        Client &first = *server_.client;
        first.must(R"({"execute": "blockdev-add", "arguments": {"driver": "null-co", "node-name": "n0"}})");
        first.must(fmt::format(
            R"({{"execute": "nbd-server-start", "arguments": {{"addr": {{"type": "unix", "data": {{"path": "{}.nbd"}}}}}}}})",
            server_.sockets[0]));
        others_ = connect_clients(server_.sockets[0], clients - 1);
        watch(first);
        for (const auto &client : others_)
            watch(*client);
    }

    /// One round: time to the last byte, CPU per delivery of single events; deliveries per second and CPU per
    /// delivery of bursts.
    std::vector<double> measure() {
        std::vector<double> times_ns;
        double single_cpu_ns = 0;
        for (int i = 0; i < kSingles; ++i) {
            server_.client->must(add_request(0));
            const double cpu_ns = server_.child->cpu_ns();
            const auto start = Clock::now();
            server_.client->send(delete_request(0));
            await_lines(clients() + 1);
            times_ns.push_back(Nanoseconds(Clock::now() - start).count());
            single_cpu_ns += server_.child->cpu_ns() - cpu_ns;
        }
        const double cpu_ns = server_.child->cpu_ns();
        const auto start = Clock::now();
        for (int i = 0; i < kBursts; ++i)
            burst();
        const double passed_ns = Nanoseconds(Clock::now() - start).count();
        const double delivered = static_cast<double>(kBurst * kBursts * clients());
        return {median(times_ns), single_cpu_ns / static_cast<double>(kSingles * clients()),
                delivered / passed_ns * 1e9, (server_.child->cpu_ns() - cpu_ns) / delivered};
    }

private:
    std::size_t clients() const { return others_.size() + 1; }

    void watch(Client &client) {
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd(), &event);
    }

    void burst() {
        std::string requests;
        for (int i = 0; i < kBurst; ++i)
            requests += add_request(i) + delete_request(i);
        server_.client->send(requests);
        await_lines(kBurst * (clients() + 2));
    }

    /// Lines of all clients together.
    void await_lines(std::size_t lines) {
        while (lines > 0) {
            epoll_event events[kListeners];
            const int ready = ::epoll_wait(epoll_.get(), events, kListeners, -1);
            for (int i = 0; i < ready; ++i) {
                const std::string_view bytes = static_cast<Client *>(events[i].data.ptr)->receive();
                lines -= static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
                if (bytes.find("\"error\": ") != std::string_view::npos)
                    fail(std::string{bytes});
            }
        }
    }

    UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
    Server server_;
    std::vector<std::unique_ptr<Client>> others_;
};

} // namespace

void bench_events(const Setting &setting) {
    constexpr char ours[] = "iothreadd, 1 client";
    constexpr char many[] = "iothreadd, 500 clients";
    constexpr char many_iothread[] = "iothreadd, iothread=, 500 clients";
    constexpr char peer[] = "qemu-storage-daemon, 1 client";
    std::vector<std::pair<std::string, std::unique_ptr<Audience>>> audiences;
    const auto add = [&](const char *row, Server server, std::size_t clients) {
        audiences.emplace_back(row, std::make_unique<Audience>(std::move(server), clients));
    };
    add(ours, start_ours(setting), 1);
    add(many, start_ours(setting), kListeners);
    add(many_iothread, start_ours(setting, {Home::iothread}), kListeners);
    if (setting.peer)
        add(peer, start_daemon(setting, *setting.peer), 1);

    Table table{"BLOCK_EXPORT_DELETED",
                {{"to the last byte, us", kMicrosecond},
                 {"CPU per delivery, us", kMicrosecond},
                 {"bursts: thousands per s", kThousand},
                 {"CPU per delivery, us", kMicrosecond}}};
    for (int round = 0; round < kRounds; ++round)
        for (const auto &[row, audience] : audiences)
            table.add(row, audience->measure());
    table.print();
    table.print_ratio("to the last byte, 1 client: ours / peer", ours, peer, 0);
    table.print_ratio("server CPU, 1 client: ours / peer", ours, peer, 1);
}

} // namespace iothreadd::bench
