// SPDX-License-Identifier: Apache-2.0
#include "qmp_bench_client.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace iothreadd::bench {
namespace {

constexpr std::chrono::seconds kStartTime{20};

/// Every read goes here: nothing of it is needed for longer than until the next.
std::array<char, 256U << 10> read_buffer;

sockaddr_un address_of(const std::string &path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
}

/// A connection, once the server listens.
UniqueFd connect_to(const std::string &path) {
    const sockaddr_un address = address_of(path);
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto deadline = Clock::now() + kStartTime;
    while (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
        if (Clock::now() > deadline)
            fail("nobody listens at " + path);
        ::poll(nullptr, 0, 10);
    }
    return fd;
}

pid_t spawn(std::vector<std::string> words) {
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    if (::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
        fail("cannot start " + words[0]);
    return pid;
}

} // namespace

void fail(const std::string &what) { throw std::runtime_error(what); }

// --- processes ---

Child::~Child() {
    ::kill(pid_, SIGKILL); // nothing of it is needed, and it says nothing
    ::waitpid(pid_, nullptr, 0);
}

double Child::cpu_ns() const {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        fail("a server is gone");
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

std::int64_t Child::switches() const {
    std::int64_t sum = 0;
    for (const auto &thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
        std::ifstream status(thread.path() / "status");
        for (std::string line; std::getline(status, line);)
            if (line.find("voluntary_ctxt_switches:") != std::string::npos)
                sum += std::stoll(line.substr(line.find(':') + 1));
    }
    return sum;
}

std::int64_t Child::memory_bytes(std::string_view wanted) const {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid_));
    for (std::string line; std::getline(rollup, line);)
        if (line.starts_with(fmt::format("{}:", wanted)))
            return std::stoll(line.substr(line.find(':') + 1)) * 1024;
    fail("the kernel does not tell what memory a process uses");
}

Server start_daemon(const Setting &setting, const std::string &program, const std::vector<Home> &monitors) {
    static int started = 0;
    Server server{
        .name = std::filesystem::path(program).filename(), .child = {}, .sockets = {}, .client = {}};
    std::vector<std::string> words{program};
    for (const Home home : monitors) {
        const auto id = fmt::format("c{}", ++started);
        const std::string path = setting.directory / id;
        server.sockets.push_back(path);
        words.insert(words.end(),
                     {"--chardev", fmt::format("socket,id={},path={},server=on,wait=off", id, path)});
        if (home == Home::iothread)
            words.insert(words.end(), {"--object", "iothread,id=t" + id, "--monitor",
                                       fmt::format("chardev={},iothread=t{}", id, id)});
        else
            words.insert(words.end(), {"--monitor", "chardev=" + id});
    }
    server.child = std::make_unique<Child>(spawn(std::move(words)));
    server.client = connect_client(server.sockets[0]);
    return server;
}

Server start_ours(const Setting &setting, const std::vector<Home> &monitors) {
    return start_daemon(setting, setting.program, monitors);
}

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
    return {.name = "bare send",
            .child = std::make_unique<Child>(pid),
            .sockets = {},
            .client = std::make_unique<Client>(std::move(ours))};
}

void pin(std::optional<int> cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; ++i)
        if (!cpu || *cpu == i)
            CPU_SET(i, &set);
    if (::sched_setaffinity(0, sizeof(set), &set) != 0)
        fail("cannot choose a CPU");
}

// --- clients ---

void Client::send(std::string_view text) {
    if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        fail("cannot send a request");
}

std::size_t Client::send_some(std::string_view text) {
    const ssize_t bytes = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (bytes < 0 && errno != EAGAIN)
        fail("cannot send requests");
    return bytes < 0 ? 0 : static_cast<std::size_t>(bytes);
}

std::string_view Client::receive() {
    const ssize_t bytes = ::recv(fd_.get(), read_buffer.data(), read_buffer.size(), MSG_DONTWAIT);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN))
        fail("the server closed the connection");
    return {read_buffer.data(), bytes < 0 ? 0 : static_cast<std::size_t>(bytes)};
}

std::size_t Client::read_line() {
    answer_.clear();
    while (answer_.empty() || answer_.back() != '\n') {
        const ssize_t bytes = ::recv(fd_.get(), read_buffer.data(), read_buffer.size(), 0);
        if (bytes <= 0)
            fail("the server closed the connection");
        answer_.append(read_buffer.data(), static_cast<std::size_t>(bytes));
    }
    return answer_.size();
}

std::size_t Client::call(std::string_view request) {
    send(request);
    return read_line();
}

void Client::must(std::string_view request) {
    call(request);
    while (answer_.find("{\"return\": ") == std::string::npos) {
        if (answer_.find("\"error\": ") != std::string::npos)
            fail(fmt::format("{}: {}", request, answer_));
        read_line();
    }
}

std::unique_ptr<Client> connect_client(const std::string &socket, std::string_view arguments) {
    auto client = std::make_unique<Client>(connect_to(socket));
    client->read_line();
    client->must(fmt::format(R"({{"execute": "qmp_capabilities", "arguments": {}}})", arguments));
    return client;
}

std::vector<std::unique_ptr<Client>> connect_clients(const std::string &socket, std::size_t count) {
    std::vector<std::unique_ptr<Client>> clients;
    while (clients.size() < count)
        clients.push_back(connect_client(socket));
    return clients;
}

void pump(Client &client, std::string_view requests, const std::function<bool(std::string_view)> &done) {
    for (bool over = false; !over;) {
        pollfd poll{.fd = client.fd(), .events = POLLIN, .revents = 0};
        if (!requests.empty())
            poll.events |= POLLOUT;
        ::poll(&poll, 1, -1);
        if ((poll.revents & POLLOUT) != 0)
            requests.remove_prefix(client.send_some(requests));
        if ((poll.revents & ~POLLOUT) != 0)
            over = done(client.receive());
    }
}

void pipeline(Client &client, std::string_view requests, std::size_t lines) {
    pump(client, requests, [&lines](std::string_view bytes) {
        lines -= static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
        return lines == 0;
    });
}

void run_all(Client &client, std::string_view requests, std::size_t lines) {
    std::string rest; // of a line that is not there yet
    pump(client, requests, [&](std::string_view bytes) {
        rest += bytes;
        const std::size_t end = rest.rfind('\n') + 1;
        if (const std::size_t error = rest.find("\"error\": "); error < end)
            fail(rest.substr(error, rest.find('\n', error) - error));
        lines -= static_cast<std::size_t>(std::ranges::count(rest, '\n'));
        rest.erase(0, end);
        return lines == 0;
    });
}

std::vector<double> measure_calls(const Child &server, Client &client, std::string_view request,
                                  std::chrono::nanoseconds time) {
    client.call(request); // warm
    std::vector<double> calls_ns;
    const double cpu_ns = server.cpu_ns();
    const auto end = Clock::now() + time;
    for (auto before = Clock::now(); before < end;) {
        client.call(request);
        const auto after = Clock::now();
        calls_ns.push_back(Nanoseconds(after - before).count());
        before = after;
    }
    const double calls = static_cast<double>(calls_ns.size());
    return {percentile(calls_ns, 0.5), percentile(calls_ns, 0.99), (server.cpu_ns() - cpu_ns) / calls};
}

// --- figures ---

double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * share)];
}

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

std::string spread(const std::vector<double> &values, double unit) {
    constexpr double many = 100; // from here on, decimals tell nothing
    const auto [least, most] = std::ranges::minmax(values);
    const double middle = median(values);
    return fmt::format("{:.{}f} [{:.{}f}..{:.{}f}]", middle / unit, middle < many * unit ? 1 : 0,
                       least / unit, least < many * unit ? 1 : 0, most / unit, most < many * unit ? 1 : 0);
}

void Table::add(const std::string &name, const std::vector<double> &values) {
    auto row = std::ranges::find(rows_, name, &Row::name);
    if (row == rows_.end())
        row = rows_.insert(row, {name, std::vector<std::vector<double>>(columns_.size())});
    for (std::size_t i = 0; i < values.size(); ++i)
        row->values[i].push_back(values[i]);
}

const Table::Row *Table::find(const std::string &name) const {
    const auto row = std::ranges::find(rows_, name, &Row::name);
    return row == rows_.end() ? nullptr : &*row;
}

double Table::median_of(const std::string &row, std::size_t column) const {
    return median(find(row)->values[column]);
}

void Table::print_ratio(const std::string &text, const std::string &row, const std::string &other,
                        std::size_t column) const {
    if (find(row) != nullptr && find(other) != nullptr)
        fmt::print("  {}: {:.2f}\n", text, median_of(row, column) / median_of(other, column));
}

void Table::print() const {
    fmt::print("\n{:<46}", title_);
    for (const Column &column : columns_)
        fmt::print(" {:>26}", column.title);
    fmt::print("\n");
    for (const Row &row : rows_) {
        fmt::print("  {:<44}", row.name);
        for (std::size_t i = 0; i < columns_.size(); ++i)
            fmt::print(" {:>26}", row.values[i].empty() ? "" : spread(row.values[i], columns_[i].unit));
        fmt::print("\n");
    }
}

} // namespace iothreadd::bench
