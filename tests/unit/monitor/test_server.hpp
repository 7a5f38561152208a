// SPDX-License-Identifier: Apache-2.0
//
// TestServer: a MonitorServer on a unix socket in a directory of its own, with commands made for tests, and
// its clients. Server and clients share the test's thread: whenever a client waits, the server runs.
#pragma once

#include "daemon/monitor/client_connection.hpp"
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"
#include "protocol/qmp/json.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {
class FdStore;
}

namespace iothreadd::test {

/// A directory for sockets, removed at the end.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;
    std::string operator/(std::string_view name) const;

private:
    std::string path_;
};

inline constexpr std::string_view kNegotiate = R"({"execute":"qmp_capabilities"})";

class TestServer;

/// The other end of one connection: blocking in the test, while the server runs.
class TestClient {
public:
    TestClient(TestServer &server, UniqueFd fd);

    /// Send everything, however long it takes the server to read it.
    TestClient &send(std::string_view text);
    /// The next line, parsed; fails the test at the end of the connection.
    Json line();
    /// The same, as it came, without its CR LF.
    std::string text();
    /// All that comes until it ends with `end`, as it came.
    std::string read_until(std::string_view end);
    /// The next line, parsed, without running the server: for what another thread answers.
    Json line_without_server();
    /// Past the greeting and qmp_capabilities.
    TestClient &negotiate(std::string_view capabilities = kNegotiate);
    /// Whether the connection ended and everything was read; waits until there is something to read
    /// otherwise.
    bool at_end();
    /// Throw away everything until the server ends the connection.
    void read_to_end();
    void half_close();
    void close() { fd_.reset(); }
    int fd() const { return fd_.get(); }

private:
    bool receive();

    TestServer &server_;
    UniqueFd fd_;
    std::string received_;
    bool ended_ = false;
};

/// Commands: `echo` returns its arguments, `big` a string of `size` bytes, `fail` an error, `emit` sends
/// `TEST_EVENT` with its arguments, `throw` throws, `wait` is a coroutine that ends when the test says so,
/// `thread` can be run out of band and tells its thread, `take-fd` takes the descriptor that came with it and
/// tells the size of the file; besides qmp_capabilities and quit. The event `SLOW` is limited in its rate.
class TestServer final : public ShutdownRequest {
public:
    explicit TestServer(QmpStyle style = QmpStyle::compact, const QmpLimits &limits = {});
    ~TestServer() override;

    MonitorServer &server();
    boost::asio::io_context &io();
    FdStore &fds();
    /// The main loop's context.
    AioContext &home();
    /// A client of our socket, or of one at another path.
    TestClient connect();
    TestClient connect(const std::string &path);
    const std::string &path() const { return path_; }

    /// Run the server until `condition` holds; fails the test if that takes too long.
    void run_until(const std::function<bool()> &condition);
    /// Run what is ready.
    void run_ready();

    /// The `wait` commands that run now.
    std::size_t waiting() const { return waiting_.size(); }
    /// End the one that began first.
    void release();
    /// How many commands were started, `qmp_capabilities` apart.
    int commands_run() const { return commands_run_; }

    /// As main() does: tell the clients and run no more commands.
    void request(std::string_view reason) override;

    /// For the commands.
    void count_command() { ++commands_run_; }
    std::vector<std::function<void()>> &waiting_list() { return waiting_; }

private:
    struct Internal;
    TempDir dir_;
    std::string path_;
    std::vector<std::function<void()>> waiting_;
    int commands_run_ = 0;
    std::unique_ptr<Internal> internal_;
};

} // namespace iothreadd::test
