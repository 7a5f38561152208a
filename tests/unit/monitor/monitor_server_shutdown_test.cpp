// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

const Json kEmptyReturn{{"return", Json::object()}};

} // namespace

TEST_CASE("MonitorServer: quit announces itself, is answered, and nothing behind it runs", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    TestClient other = server.connect();
    client.negotiate();
    other.negotiate();
    client.send(R"({"execute":"quit"}{"execute":"echo"}{"execute":"echo"})");
    CHECK(client.line()["data"] == Json{{"guest", false}, {"reason", "host-qmp-quit"}});
    CHECK(client.line() == kEmptyReturn);
    CHECK(other.line()["event"] == "SHUTDOWN");
    other.send(R"({"execute":"echo"})");
    server.run_ready();
    CHECK(server.commands_run() == 1);

    server.server().emit("LAST", std::nullopt); // what ends after the commands still tells
    bool closed = false;
    server.server().close([&] { closed = true; });
    CHECK_FALSE(closed);
    CHECK(client.line()["event"] == "LAST");
    CHECK(client.at_end());
    CHECK(other.line()["event"] == "LAST");
    CHECK(other.at_end());
    server.run_until([&] { return closed; });
    CHECK(server.commands_run() == 1);
}

TEST_CASE("MonitorServer: closes without clients, too", "[monitor]") {
    TestServer server;
    bool closed = false;
    server.server().close([&] { closed = true; });
    server.run_until([&] { return closed; });
}

TEST_CASE("MonitorServer: a client that does not read cannot hold up the end", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    client.send(R"({"execute":"big","arguments":{"size":3000000}})");
    server.run_until([&] { return server.commands_run() == 1; });
    const auto start = std::chrono::steady_clock::now();
    bool closed = false;
    server.server().close([&] { closed = true; });
    server.run_until([&] { return closed; });
    CHECK(std::chrono::steady_clock::now() - start >= MonitorServer::kCloseTimeout);
}

TEST_CASE("MonitorServer: the command that waits is answered before the end", "[monitor]") {
    const bool close_before_it_ends = GENERATE(false, true);
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    client.send(R"({"execute":"wait","id":1}{"execute":"echo"})");
    server.run_until([&] { return server.waiting() == 1; });
    bool closed = false;
    const auto close = [&] { server.server().close([&] { closed = true; }); };
    server.server().stop_commands();
    if (close_before_it_ends)
        close();
    server.run_ready();
    server.release();
    CHECK(client.line()["event"] == "WAITED");
    CHECK(client.line() == Json{{"return", Json::object()}, {"id", 1}});
    if (!close_before_it_ends)
        close();
    CHECK(client.at_end());
    server.run_until([&] { return closed; });
    CHECK(server.commands_run() == 1);
}

TEST_CASE("MonitorServer: may be destroyed while clients are connected and a command waits", "[monitor]") {
    std::unique_ptr<TestServer> server = std::make_unique<TestServer>();
    TestClient client = server->connect();
    client.negotiate();
    client.send(R"({"execute":"wait"})");
    server->run_until([&] { return server->waiting() == 1; });
    server.reset();
    char byte = 0;
    CHECK(::recv(client.fd(), &byte, 1, 0) == 0);
}
