// SPDX-License-Identifier: Apache-2.0
//
// qmp_bench: what the QMP server costs, seen from clients on unix sockets. What is compared takes turns,
// round after round; the tables show the median of the rounds and, in brackets, their spread.
//
//   calls       one client that waits for each answer, on the server's CPU and on another. A bare send() is
//               a process that does nothing but read a request and send prepared bytes: no server can be
//               faster
//   pipeline    one client that does not wait
//   clients     a thousand clients, a hundred of them busy; and a hundred, all busy
//   iothreads   query-iothreads with a thousand IOThreads and ten thousand holders
//   events      an event for 500 clients, and for one
//   memory      what an idle client keeps
//   idle        what a thousand idle clients do
//
// Server CPU is that of all the server's threads, divided by the commands (or events) in question. The peer
// serves one client per socket, so some figures have no counterpart.
//
// Usage: qmp_bench IOTHREADD [QEMU-STORAGE-DAEMON|-] [SUBJECT...]     Not a test: figures belong into commit
// messages.
#include "qmp_bench_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>

using namespace iothreadd::bench;

namespace {

struct Subject {
    std::string_view name;
    void (*run)(const Setting &setting);
};

constexpr Subject kSubjects[] = {
    {"calls", bench_calls},         {"pipeline", bench_pipeline}, {"clients", bench_clients},
    {"iothreads", bench_iothreads}, {"events", bench_events},     {"memory", bench_memory},
    {"idle", bench_idle},
};

std::string first_line(const char *path, std::string_view start) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(start))
            return line;
    return "unknown";
}

void print_conditions(std::span<char *> words) {
    utsname system{};
    ::uname(&system);
    const std::string model = first_line("/proc/cpuinfo", "model name");
    fmt::print("{}\n{} {}, {} x {}, load {}\n{} rounds, median [least..most]\n", fmt::join(words, " "),
               system.sysname, system.release, ::sysconf(_SC_NPROCESSORS_ONLN),
               model.substr(model.find(": ") + 2), first_line("/proc/loadavg", ""), kRounds);
}

/// Thousands of connections, at both ends.
void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void run(std::span<char *> words) {
    char pattern[] = "/tmp/qmp_bench.XXXXXX";
    if (::mkdtemp(pattern) == nullptr)
        fail("cannot make a directory");
    Setting setting{.program = words[1], .peer = {}, .directory = pattern};
    const std::shared_ptr<void> remove{nullptr, [&](void *) { std::filesystem::remove_all(pattern); }};
    if (words.size() > 2 && std::string_view{words[2]} != "-")
        setting.peer = words[2];
    const auto wanted = words.subspan(std::min<std::size_t>(words.size(), 3));

    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    raise_descriptor_limit();
    print_conditions(words);
    const auto start = Clock::now();
    for (const Subject &subject : kSubjects)
        if (wanted.empty() || std::ranges::find(wanted, subject.name) != wanted.end())
            subject.run(setting);
    fmt::print("\n{:.0f} s\n", Nanoseconds(Clock::now() - start).count() / 1e9);
}

} // namespace

int main(int argc, char *argv[]) {
    if (argc < 2) {
        fmt::print(stderr, "Usage: qmp_bench IOTHREADD [QEMU-STORAGE-DAEMON|-] [SUBJECT...]\n");
        return EXIT_FAILURE;
    }
    try {
        run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception &error) {
        fmt::print(stderr, "qmp_bench: {}\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
