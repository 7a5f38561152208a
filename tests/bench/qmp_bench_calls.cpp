// SPDX-License-Identifier: Apache-2.0
//
// One client: what a call costs, and how many commands it can have answered when it does not wait.
#include "qmp_bench_client.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace iothreadd::bench {
namespace {

constexpr std::chrono::milliseconds kRoundTime{150};
constexpr int kClientCpu =
    0; ///< a wake-up on another CPU can cost ten times a call: never leave it to chance
constexpr int kOtherCpu = 1;
constexpr std::size_t kBatch = 500; ///< commands sent before their answers are counted
constexpr double kMicrosecond = 1e3;
constexpr double kThousand = 1e3;

constexpr char kOurs[] = "iothreadd, main thread";
constexpr char kOursIothread[] = "iothreadd, iothread=";
constexpr char kPeer[] = "qemu-storage-daemon";

struct Subject {
    std::string row;
    Server server;
};

/// Ours, both ways, and the peer.
std::vector<Subject> start_subjects(const Setting &setting) {
    std::vector<Subject> subjects;
    subjects.push_back({kOurs, start_ours(setting)});
    subjects.push_back({kOursIothread, start_ours(setting, {Home::iothread})});
    if (setting.peer)
        subjects.push_back({kPeer, start_daemon(setting, *setting.peer)});
    return subjects;
}

/// One round of commands that do not wait: commands per second and CPU of one.
std::vector<double> measure_pipeline(Server &server) {
    std::string batch;
    for (std::size_t i = 0; i < kBatch; ++i)
        batch += kVersion;
    pipeline(*server.client, batch, kBatch); // warm
    double commands = 0;
    const double cpu_ns = server.child->cpu_ns();
    const auto start = Clock::now();
    do {
        pipeline(*server.client, batch, kBatch);
        commands += kBatch;
    } while (Clock::now() - start < kRoundTime);
    const Nanoseconds passed = Clock::now() - start;
    return {commands / passed.count() * 1e9, (server.child->cpu_ns() - cpu_ns) / commands};
}

void bench_command(std::vector<Subject> &subjects, int server_cpu, std::string_view title,
                   std::string_view request) {
    Server &ours = subjects.front().server;
    const std::size_t bytes = ours.client->call(request);
    for (Subject &subject : subjects) // its answer may be another: then there is no ratio
        if (subject.row == kPeer && request != kVersion)
            subject.row += fmt::format(", {} bytes", subject.server.client->call(request));
    pin(server_cpu);
    Server bare = start_bare(ours.client->answer());
    pin(kClientCpu);
    Table table{fmt::format("{}, {} bytes", title, bytes),
                {{"p50, us", kMicrosecond}, {"p99, us", kMicrosecond}, {"server CPU, us", kMicrosecond}}};
    for (int round = 0; round < kRounds; ++round) {
        table.add("bare send() of as many bytes",
                  measure_calls(*bare.child, *bare.client, request, kRoundTime));
        for (Subject &subject : subjects)
            table.add(subject.row,
                      measure_calls(*subject.server.child, *subject.server.client, request, kRoundTime));
    }
    table.print();
    table.print_ratio("p50, ours / bare send()", kOurs, "bare send() of as many bytes", 0);
    table.print_ratio("p50, ours / peer", kOurs, kPeer, 0);
    table.print_ratio("server CPU, ours / peer (aim: 0.5 at most)", kOurs, kPeer, 2);
    table.print_ratio("server CPU, ours with iothread= / peer", kOursIothread, kPeer, 2);
}

} // namespace

void bench_calls(const Setting &setting) {
    for (const int server_cpu : {kClientCpu, kOtherCpu}) {
        if (server_cpu >= ::sysconf(_SC_NPROCESSORS_ONLN))
            continue;
        pin(server_cpu);
        std::vector<Subject> subjects = start_subjects(setting);
        pin(kClientCpu);
        fmt::print("\nserver and client on {}\n", server_cpu == kClientCpu ? "one CPU" : "two CPUs");
        bench_command(subjects, server_cpu, "query-version", kVersion);
        bench_command(subjects, server_cpu, "query-qmp-schema", kSchema);
    }
    pin(std::nullopt);
}

void bench_pipeline(const Setting &setting) {
    std::vector<Subject> subjects = start_subjects(setting);
    Table table{"query-version, pipelined",
                {{"thousands per s", kThousand}, {"server CPU, us", kMicrosecond}}};
    for (int round = 0; round < kRounds; ++round)
        for (Subject &subject : subjects)
            table.add(subject.row, measure_pipeline(subject.server));
    table.print();
    table.print_ratio("commands per s, ours / peer (aim: 3 at least)", kOurs, kPeer, 0);
    table.print_ratio("commands per s, ours with iothread= / peer", kOursIothread, kPeer, 0);
}

} // namespace iothreadd::bench
