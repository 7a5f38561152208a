// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/test_server.hpp"
#include "tests/unit/untouched.hpp"

#include "daemon/chardev/listening_chardev.hpp"
#include "daemon/cli/main_loop.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/await_callback.hpp"
#include "daemon/util/fd_store.hpp"
#include "qapi/options.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace iothreadd::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// Commands find the server that runs them here; tests run one at a time.
TestServer *current_server = nullptr;

Result<QmpReply> nothing() { return QmpReply{Json::object()}; }

Result<QmpReply> call_capabilities(QmpContext &context, const Json &arguments) {
    const auto names = arguments.value("enable", std::vector<std::string>{});
    auto enabled = context.client->enable(std::vector<std::string_view>{names.begin(), names.end()});
    return enabled ? nothing() : Result<QmpReply>{enabled.error()};
}

Result<QmpReply> call_echo(QmpContext &, const Json &arguments) {
    current_server->count_command();
    return QmpReply{arguments};
}

Result<QmpReply> call_big(QmpContext &, const Json &arguments) {
    current_server->count_command();
    return QmpReply{Json(std::string(arguments.at("size").get<std::size_t>(), 'x'))};
}

Result<QmpReply> call_emit(QmpContext &context, const Json &arguments) {
    current_server->count_command();
    context.events.emit("TEST_EVENT", arguments);
    return nothing();
}

Result<QmpReply> call_fail(QmpContext &, const Json &) {
    current_server->count_command();
    return device_not_found("Device 'x' not found");
}

Result<QmpReply> call_quit(QmpContext &context, const Json &) {
    current_server->count_command();
    context.shutdown.request(kShutdownByQuit);
    return nothing();
}

Result<QmpReply> call_throw(QmpContext &, const Json &) { throw std::runtime_error("out of cheese"); }

Awaitable<Result<QmpReply>> call_wait(QmpContext &context, const Json &arguments) {
    current_server->count_command();
    auto start = [](auto done) { current_server->waiting_list().push_back(std::move(done)); };
    co_await await_callback(start);
    context.events.emit("WAITED", std::nullopt);
    co_return QmpReply{arguments};
}

Result<QmpReply> call_thread(QmpContext &, const Json &) { return QmpReply{Json{{"thread-id", ::gettid()}}}; }

Result<QmpReply> call_take_fd(QmpContext &context, const Json &) {
    current_server->count_command();
    const auto fd = context.client->take_fd();
    if (!fd)
        return fd.error();
    struct stat status {};
    if (::fstat(fd->get(), &status) != 0)
        return generic_error("It is not open");
    return QmpReply{Json(status.st_size)};
}

constexpr std::array<CommandInfo, 10> kCommands{{{"big"},
                                                 {"echo"},
                                                 {"emit"},
                                                 {"fail"},
                                                 {"qmp_capabilities", kAllowPreconfig},
                                                 {"quit"},
                                                 {"take-fd"},
                                                 {"thread", kAllowOob},
                                                 {"throw"},
                                                 {"wait", kCoroutine}}};
constexpr std::array<CommandHandler, 10> kHandlers{{{call_big},
                                                    {call_echo},
                                                    {call_emit},
                                                    {call_fail},
                                                    {call_capabilities},
                                                    {call_quit},
                                                    {call_take_fd},
                                                    {call_thread},
                                                    {call_throw},
                                                    {nullptr, call_wait}}};

/// `SLOW` comes at most once in this time, for each `id`.
constexpr std::array<EventLimit, 1> kLimits{{{"SLOW", std::chrono::milliseconds(50), "id"}}};

} // namespace

TempDir::TempDir() {
    char name[] = "/tmp/monXXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
}

TempDir::~TempDir() { std::filesystem::remove_all(path_); }

std::string TempDir::operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

struct TestServer::Internal {
    Internal(TestServer &owner, const QmpLimits &limits)
        : loop(MainLoop::create(io).value()),
          server(io, QmpApi{kCommands, kHandlers, "[]", kLimits, {}, option_table()}, limits),
          context{tree, untouched, untouched, untouched, untouched, server, server, owner, fds, nullptr} {}

    boost::asio::io_context io;
    std::unique_ptr<MainLoop> loop;
    ObjectTree tree;
    FdStore fds;
    Untouched untouched;
    MonitorServer server;
    std::optional<ListeningChardev> chardev;
    QmpContext context;
};

TestServer::TestServer(QmpStyle style, const QmpLimits &limits)
    : path_(dir_ / "qmp"), internal_(std::make_unique<Internal>(*this, limits)) {
    current_server = this;
    internal_->server.set_context(internal_->context);
    const MonitorServer::Monitor monitor{
        .name = "test", .dialect = style, .home = internal_->loop->context()};
    internal_->chardev.emplace(internal_->io, "test", bind_unix_listener(path_).value());
    const auto serve = [this, monitor](ChardevStream stream) {
        return internal_->server.serve(monitor, std::move(stream));
    };
    REQUIRE(internal_->chardev->attach(serve, Echo::by_terminal).has_value());
}

TestServer::~TestServer() {
    internal_->chardev->detach();
    waiting_.clear(); // while the loop that their coroutines belong to is there
    current_server = nullptr;
}

boost::asio::io_context &TestServer::io() { return internal_->io; }

FdStore &TestServer::fds() { return internal_->fds; }

AioContext &TestServer::home() { return internal_->loop->context(); }

MonitorServer &TestServer::server() { return internal_->server; }

TestClient TestServer::connect() { return connect(path_); }

TestClient TestServer::connect(const std::string &path) {
    const auto address = unix_socket_address(path).value();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    return {*this, std::move(fd)};
}

void TestServer::run_until(const std::function<bool()> &condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    internal_->io.poll();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            FAIL("nothing happened");
        internal_->io.restart();
        internal_->io.run_one_for(std::chrono::milliseconds(100));
        internal_->io.poll();
    }
}

void TestServer::run_ready() { internal_->io.poll(); }

void TestServer::release() {
    REQUIRE(!waiting_.empty());
    auto done = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    done();
}

void TestServer::request(std::string_view reason) {
    internal_->server.emit("SHUTDOWN", Json{{"guest", false}, {"reason", reason}});
    internal_->server.stop_commands();
    internal_->chardev->shut_down();
}

TestClient::TestClient(TestServer &server, UniqueFd fd) : server_(server), fd_(std::move(fd)) {}

TestClient &TestClient::send(std::string_view text) {
    server_.run_until([&] {
        const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            text.remove_prefix(static_cast<std::size_t>(sent));
        return text.empty();
    });
    return *this;
}

/// Take all that is there. False at the end of the connection.
bool TestClient::receive() {
    char buffer[65536];
    for (;;) {
        const ssize_t bytes = ::recv(fd_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
        if (bytes <= 0)
            return bytes < 0 && errno == EAGAIN;
        received_.append(buffer, static_cast<std::size_t>(bytes));
    }
}

std::string TestClient::text() {
    std::size_t end = std::string::npos;
    server_.run_until([&] {
        ended_ = ended_ || !receive();
        end = received_.find("\r\n");
        return ended_ || end != std::string::npos;
    });
    REQUIRE(end != std::string::npos);
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 2);
    return line;
}

std::string TestClient::read_until(std::string_view end) {
    server_.run_until([&] {
        ended_ = ended_ || !receive();
        return ended_ || received_.ends_with(end);
    });
    return std::exchange(received_, {});
}

Json TestClient::line() { return Json::parse(text()); }

Json TestClient::line_without_server() {
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        REQUIRE(::poll(&waiting, 1, std::chrono::milliseconds{kPatience}.count()) == 1);
        REQUIRE(receive());
    }
    const Json line = Json::parse(received_.substr(0, end));
    received_.erase(0, end + 2);
    return line;
}

TestClient &TestClient::negotiate(std::string_view capabilities) {
    REQUIRE(line().contains("QMP"));
    send(capabilities);
    REQUIRE(line() == Json{{"return", Json::object()}});
    return *this;
}

bool TestClient::at_end() {
    server_.run_until([&] {
        ended_ = ended_ || !receive();
        return ended_ || !received_.empty();
    });
    return ended_ && received_.empty();
}

void TestClient::read_to_end() {
    server_.run_until([&] {
        ended_ = ended_ || !receive();
        received_.clear();
        return ended_;
    });
}

void TestClient::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

} // namespace iothreadd::test
