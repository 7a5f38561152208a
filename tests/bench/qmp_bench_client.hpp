// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks of the QMP server share: servers of their own, clients on unix sockets, what a process
// costs, and figures of several rounds.
//
// Thread: one; the servers are processes.
#pragma once

#include "daemon/util/unique_fd.hpp"

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::bench {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::duration<double, std::nano>;

inline constexpr int kRounds = 7;
inline constexpr std::string_view kVersion = R"({"execute": "query-version"})";
inline constexpr std::string_view kSchema = R"({"execute": "query-qmp-schema"})";

[[noreturn]] void fail(const std::string &what);

/// A process of ours, ended with this object.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child();
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

    /// Processor time of all its threads so far.
    double cpu_ns() const;
    /// Context switches of the threads that live.
    std::int64_t switches() const;
    /// A line of /proc/PID/smaps_rollup, such as `Pss`.
    std::int64_t memory_bytes(std::string_view line) const;

private:
    pid_t pid_;
};

/// A connection. All its functions that read wait for the bytes, but for receive().
class Client {
public:
    explicit Client(UniqueFd fd) : fd_(std::move(fd)) {}

    int fd() const { return fd_.get(); }
    void send(std::string_view text);
    /// Send as much as the socket takes; bytes.
    std::size_t send_some(std::string_view text);
    /// Read what is there, at most once; bytes.
    std::string_view receive();
    /// Read to the end of a line. Its bytes.
    std::size_t read_line();
    /// Send a request and read the answer, which is one line. Its bytes.
    std::size_t call(std::string_view request);
    /// As call(), past events; fails when the answer is an error.
    void must(std::string_view request);
    /// The last line read.
    const std::string &answer() const { return answer_; }

private:
    UniqueFd fd_;
    std::string answer_;
};

/// A daemon with one monitor or more, or something that stands in for one.
struct Server {
    std::string name;
    std::unique_ptr<Child> child;
    std::vector<std::string> sockets;
    std::unique_ptr<Client> client; ///< negotiated, at the first socket
};

/// Where a monitor's clients are served.
enum class Home { main, iothread };

/// Keep this process, and what it starts meanwhile, on one CPU; nothing: on all again.
void pin(std::optional<int> cpu);

/// Where servers keep their sockets; `program` is ours, `peer` may be missing.
struct Setting {
    std::string program;
    std::optional<std::string> peer;
    std::filesystem::path directory;
};

Server start_daemon(const Setting &setting, const std::string &program,
                    const std::vector<Home> &monitors = {Home::main});
Server start_ours(const Setting &setting, const std::vector<Home> &monitors = {Home::main});
/// A process that answers everything with the same bytes, in one send(). No server can be faster.
Server start_bare(const std::string &answer);

/// A client that has negotiated; `arguments` are those of qmp_capabilities.
std::unique_ptr<Client> connect_client(const std::string &socket, std::string_view arguments = "{}");
std::vector<std::unique_ptr<Client>> connect_clients(const std::string &socket, std::size_t count);

/// Send `requests` as fast as the server takes them and read until `done` says so of what was read.
void pump(Client &client, std::string_view requests, const std::function<bool(std::string_view)> &done);
/// Send requests, each answered by one line, as fast as the server takes them, and wait for all answers.
void pipeline(Client &client, std::string_view requests, std::size_t lines);
/// The same, for setting something up: fails when an answer is an error.
void run_all(Client &client, std::string_view requests, std::size_t lines);
/// Call again and again for a while: p50, p99 and server CPU, in nanoseconds.
std::vector<double> measure_calls(const Child &server, Client &client, std::string_view request,
                                  std::chrono::nanoseconds time);

double percentile(std::vector<double> values, double share);
double median(std::vector<double> values);
/// Median of the rounds and, in brackets, their spread.
std::string spread(const std::vector<double> &values, double unit);

/// A table of figures: one row per thing measured, one value per column and round.
class Table {
public:
    struct Column {
        std::string title;
        double unit = 1; ///< what is printed is the value divided by this
    };

    Table(std::string title, std::vector<Column> columns)
        : title_(std::move(title)), columns_(std::move(columns)) {}
    /// Of one round; a row appears when it is first named.
    void add(const std::string &row, const std::vector<double> &values);
    double median_of(const std::string &row, std::size_t column) const;
    /// `text`: median of a column in one row, divided by that in another; nothing if one is missing.
    void print_ratio(const std::string &text, const std::string &row, const std::string &other,
                     std::size_t column) const;
    void print() const;

private:
    struct Row {
        std::string name;
        std::vector<std::vector<double>> values; ///< per column
    };
    const Row *find(const std::string &name) const;

    std::string title_;
    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

// The subjects, each in a file of its own.
void bench_calls(const Setting &setting);
void bench_pipeline(const Setting &setting);
void bench_clients(const Setting &setting);
void bench_iothreads(const Setting &setting);
void bench_events(const Setting &setting);
void bench_memory(const Setting &setting);
void bench_idle(const Setting &setting);

} // namespace iothreadd::bench
