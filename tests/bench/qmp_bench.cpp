// SPDX-License-Identifier: Apache-2.0
//
// qmp_bench: what a QMP command costs, seen from a client on a unix socket. Each server answers in turn,
// seven rounds; the table shows the median of the rounds and, in brackets, their spread.
//
//   bare send   a process that does nothing but read a request and send() prepared bytes: as many as our
//               answer has. No server can be faster
//   call        from the client's send() to the last byte of the answer
//   CPU         of the server's threads, for one call
//
// Usage: qmp_bench IOTHREADD [QEMU-STORAGE-DAEMON]     Not a test: figures belong into commit messages.
#include "daemon/util/unique_fd.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace iothreadd;

namespace {

constexpr int kRounds = 7;
constexpr std::chrono::milliseconds kRoundTime{150};
constexpr std::chrono::seconds kStartTime{20};
constexpr std::string_view kVersion = R"({"execute": "query-version"})";
constexpr std::string_view kSchema = R"({"execute": "query-qmp-schema"})";

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string &what) { throw std::runtime_error(what); }

/// A process of ours, ended with this object.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

    /// Processor time of all its threads that live.
    double cpu_ns() const {
        double sum = 0;
        for (const auto &thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
            std::ifstream file(thread.path() / "schedstat");
            double ns = 0;
            file >> ns;
            sum += ns;
        }
        return sum;
    }

private:
    pid_t pid_;
};

class Client {
public:
    explicit Client(UniqueFd fd) : fd_(std::move(fd)) {}

    /// Send a request and read the answer to its end, which is a line end. Bytes of the answer.
    std::size_t call(std::string_view request) {
        if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
            fail("cannot send a request");
        return read_line();
    }

    std::size_t read_line() {
        answer_.clear();
        while (answer_.empty() || answer_.back() != '\n') {
            const ssize_t bytes = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
            if (bytes <= 0)
                fail("the server closed the connection");
            answer_.append(buffer_.data(), static_cast<std::size_t>(bytes));
        }
        return answer_.size();
    }

    const std::string &answer() const { return answer_; }

private:
    UniqueFd fd_;
    std::array<char, 256U << 10> buffer_{};
    std::string answer_;
};

struct Server {
    std::string name;
    std::unique_ptr<Child> child;
    std::unique_ptr<Client> client;
};

/// A daemon with one monitor, and a client that negotiated.
Server start_daemon(const std::string &program, const std::filesystem::path &directory) {
    const std::string name = std::filesystem::path(program).filename();
    const std::string path = directory / (name + ".sock");
    std::vector<std::string> words{program, "--chardev", "socket,id=c,path=" + path + ",server=on,wait=off",
                                   "--monitor", "chardev=c"};
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    if (::posix_spawnp(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0)
        fail("cannot start " + program);
    auto child = std::make_unique<Child>(pid);

    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto deadline = Clock::now() + kStartTime;
    while (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
        if (Clock::now() > deadline)
            fail(program + " does not listen");
        ::poll(nullptr, 0, 10);
    }
    auto client = std::make_unique<Client>(std::move(fd));
    client->read_line();
    client->call(R"({"execute": "qmp_capabilities"})");
    return {name, std::move(child), std::move(client)};
}

/// A process that answers everything with the same bytes, in one send().
Server start_bare(const std::string &answer) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        fail("cannot make a pair of sockets");
    UniqueFd ours{ends[0]};
    UniqueFd theirs{ends[1]};
    const pid_t pid = ::fork();
    if (pid == 0) {
        ours.reset();
        char request[4096];
        while (::recv(theirs.get(), request, sizeof(request), 0) > 0)
            if (::send(theirs.get(), answer.data(), answer.size(), MSG_NOSIGNAL) <= 0)
                break;
        ::_exit(0);
    }
    return {"bare send", std::make_unique<Child>(pid), std::make_unique<Client>(std::move(ours))};
}

struct Figures {
    double call_ns = 0;
    double cpu_ns = 0;
};

Figures measure(Server &server, std::string_view request) {
    server.client->call(request); // warm
    const double cpu_before = server.child->cpu_ns();
    const auto start = Clock::now();
    double calls = 0;
    do {
        server.client->call(request);
        ++calls;
    } while (Clock::now() - start < kRoundTime);
    const std::chrono::duration<double, std::nano> passed = Clock::now() - start;
    return {passed.count() / calls, (server.child->cpu_ns() - cpu_before) / calls};
}

std::string spread(std::vector<double> values) {
    std::ranges::sort(values);
    return fmt::format("{:9.1f} [{:.1f}..{:.1f}]", values[values.size() / 2] / 1e3, values.front() / 1e3,
                       values.back() / 1e3);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

struct Row {
    Server *server;
    std::string_view request;
    std::string what;
    std::vector<double> call_ns;
    std::vector<double> cpu_ns;
};

void print(const std::vector<Row> &rows) {
    fmt::print("{:<22} {:<28} {:>8} {:>28} {:>28}\n", "server", "command", "bytes", "call, us", "CPU, us");
    for (const Row &row : rows) {
        const std::size_t bytes = row.server->client->call(row.request);
        fmt::print("{:<22} {:<28} {:>8} {:>28} {:>28}\n", row.server->name, row.what, bytes,
                   spread(row.call_ns), spread(row.cpu_ns));
    }
}

int run(int argc, char *argv[]) {
    char pattern[] = "/tmp/qmp_bench.XXXXXX";
    if (::mkdtemp(pattern) == nullptr)
        fail("cannot make a directory");
    const std::filesystem::path directory{pattern};
    const std::shared_ptr<void> remove{nullptr, [&](void *) { std::filesystem::remove_all(directory); }};

    Server ours = start_daemon(argv[1], directory);
    ours.client->call(kSchema);
    Server bare_schema = start_bare(ours.client->answer());
    ours.client->call(kVersion);
    Server bare_version = start_bare(ours.client->answer());
    std::vector<Row> rows{{&bare_version, kVersion, "as long as query-version", {}, {}},
                          {&ours, kVersion, "query-version", {}, {}},
                          {&bare_schema, kSchema, "as long as query-qmp-schema", {}, {}},
                          {&ours, kSchema, "query-qmp-schema", {}, {}}};
    Server peer;
    if (argc > 2) {
        peer = start_daemon(argv[2], directory);
        rows.push_back({&peer, kVersion, "query-version", {}, {}});
        rows.push_back({&peer, kSchema, "query-qmp-schema", {}, {}});
    }

    utsname system{};
    ::uname(&system);
    fmt::print("{} {}, {} CPUs, {} rounds of {} ms\n", system.sysname, system.release,
               ::sysconf(_SC_NPROCESSORS_ONLN), kRounds, kRoundTime.count());
    for (int round = 0; round < kRounds; ++round) {
        for (Row &row : rows) {
            const Figures figures = measure(*row.server, row.request);
            row.call_ns.push_back(figures.call_ns);
            row.cpu_ns.push_back(figures.cpu_ns);
        }
    }
    print(rows);
    fmt::print("query-qmp-schema / bare send of its bytes: {:.2f}; / query-version: {:.2f}\n",
               median(rows[3].call_ns) / median(rows[2].call_ns),
               median(rows[3].call_ns) / median(rows[1].call_ns));
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char *argv[]) {
    if (argc < 2 || argc > 3) {
        fmt::print(stderr, "Usage: qmp_bench IOTHREADD [QEMU-STORAGE-DAEMON]\n");
        return EXIT_FAILURE;
    }
    try {
        return run(argc, argv);
    } catch (const std::exception &error) {
        fmt::print(stderr, "qmp_bench: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
