// SPDX-License-Identifier: Apache-2.0
//
// query-iothreads when there is much to tell: the largest answer that a client asks for again and again.
#include "qmp_bench_client.hpp"

#include <fmt/format.h>

namespace iothreadd::bench {
namespace {

constexpr int kIothreads = 1000;
constexpr int kHoldersEach = 10;
constexpr std::chrono::milliseconds kRoundTime{300};
constexpr double kMicrosecond = 1e3;

constexpr char kBare[] = "bare send() of as many bytes";
constexpr char kInBand[] = "execute";
constexpr char kOutOfBand[] = "exec-oob";
constexpr char kInBandIothread[] = "execute, monitor with iothread=";
constexpr char kOutOfBandIothread[] = "exec-oob, monitor with iothread=";

/// IOThreads, and nodes that were moved there: no other holder is as cheap.
std::string set_up_requests() {
    std::string requests;
    for (int i = 0; i < kIothreads; ++i)
        requests += fmt::format(
            R"({{"execute": "object-add", "arguments": {{"qom-type": "iothread", "id": "io{}"}}}})", i);
    for (int i = 0; i < kIothreads * kHoldersEach; ++i) {
        requests += fmt::format(
            R"({{"execute": "blockdev-add", "arguments": {{"driver": "null-co", "node-name": "n{}"}}}})", i);
        requests += fmt::format(
            R"({{"execute": "x-blockdev-set-iothread", "arguments": {{"node-name": "n{}", "iothread": "io{}"}}}})",
            i, i / kHoldersEach);
    }
    return requests;
}

void set_up(Client &client) {
    client.must(R"({"execute": "set-event-filter", "arguments": {"events": []}})");
    run_all(client, set_up_requests(), kIothreads * (1 + 2 * kHoldersEach));
}

} // namespace

void bench_iothreads(const Setting &setting) {
    const Server ours = start_ours(setting, {Home::main, Home::iothread});
    const auto start = Clock::now();
    set_up(*ours.client);
    const Nanoseconds passed = Clock::now() - start;

    constexpr std::string_view request = R"({"execute": "query-iothreads"})";
    constexpr std::string_view oob_request = R"({"exec-oob": "query-iothreads"})";
    constexpr std::string_view enable_oob = R"({"enable": ["oob"]})";
    const std::size_t bytes = ours.client->call(request);
    const Server bare = start_bare(ours.client->answer());
    if (bare.client->call(request) != bytes)
        fail("the bare sender sends something else");
    const auto oob = connect_client(ours.sockets[0], enable_oob);
    const auto iothread = connect_client(ours.sockets[1]);
    const auto oob_iothread = connect_client(ours.sockets[1], enable_oob);

    Table table{fmt::format("query-iothreads, {} bytes", bytes),
                {{"p50, us", kMicrosecond}, {"p99, us", kMicrosecond}, {"server CPU, us", kMicrosecond}}};
    for (int round = 0; round < kRounds; ++round) {
        table.add(kBare, measure_calls(*bare.child, *bare.client, request, kRoundTime));
        table.add(kInBand, measure_calls(*ours.child, *ours.client, request, kRoundTime));
        table.add(kOutOfBand, measure_calls(*ours.child, *oob, oob_request, kRoundTime));
        table.add(kInBandIothread, measure_calls(*ours.child, *iothread, request, kRoundTime));
        table.add(kOutOfBandIothread, measure_calls(*ours.child, *oob_iothread, oob_request, kRoundTime));
    }
    table.print();
    fmt::print("  {} IOThreads with {} holders each, made in {:.1f} s\n", kIothreads, kHoldersEach,
               passed.count() / 1e9);
    table.print_ratio("p50, execute / bare send()", kInBand, kBare, 0);
    table.print_ratio("p50, exec-oob / bare send()", kOutOfBand, kBare, 0);
}

} // namespace iothreadd::bench
