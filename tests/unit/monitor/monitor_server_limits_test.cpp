// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/client_connection.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

// Long lines are compared by their length: parsing them takes long under the sanitizers.
constexpr std::size_t kBigBytes = 50000;
constexpr std::string_view kBig = R"({"execute":"big","arguments":{"size":50000}})";

} // namespace

TEST_CASE("MonitorServer: who does not read events misses some, is told how many, and nobody else notices",
          "[monitor]") {
    TestServer server;
    TestClient idle = server.connect();
    idle.negotiate();
    TestClient reader = server.connect();
    reader.negotiate();
    const Json data{{"text", std::string(kBigBytes, 'e')}};
    const std::size_t enough = 3 * ClientConnection::kPauseOutputBytes; // for the socket's buffer, too
    int sent = 0;
    for (std::size_t bytes = 0; bytes < enough; bytes += kBigBytes) {
        server.server().emit("LONG", data);
        ++sent;
        REQUIRE(reader.text().size() > kBigBytes);
    }
    int received = 0;
    std::string line = idle.text();
    for (; line.find("EVENTS_DROPPED") == std::string::npos; line = idle.text())
        ++received;
    CHECK(received < sent);
    CHECK(Json::parse(line)["data"]["count"] == sent - received);

    server.server().emit("LONG", data); // and it is an ordinary client again
    CHECK(idle.text().size() > kBigBytes);
    reader.text();
    reader.send(R"({"execute":"echo"})");
    CHECK(reader.line() == Json{{"return", Json::object()}});
}

TEST_CASE("MonitorServer: who is behind and reads nothing for long is cut off", "[monitor]") {
    TestServer server{QmpStyle::compact, {.stalled = std::chrono::milliseconds(100)}};
    TestClient idle = server.connect();
    idle.negotiate();
    const Json data{{"text", std::string(kBigBytes, 'e')}};
    for (std::size_t bytes = 0; bytes < 3 * ClientConnection::kPauseOutputBytes; bytes += kBigBytes) {
        server.server().emit("LONG", data);
        server.run_ready();
    }
    const auto late = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    server.run_until([&] { return std::chrono::steady_clock::now() > late; });
    idle.read_to_end();
    CHECK(server.connect().line().contains("QMP"));
}

TEST_CASE("MonitorServer: who does not read answers gets no more commands run, but loses none", "[monitor]") {
    constexpr int kCommands = 80;
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    for (int i = 0; i < kCommands; ++i)
        client.send(kBig);
    server.run_ready();
    CHECK(server.commands_run() >= static_cast<int>(ClientConnection::kPauseOutputBytes / kBigBytes));
    CHECK(server.commands_run() < kCommands / 2);
    for (int i = 0; i < kCommands; ++i)
        REQUIRE(client.text().size() > kBigBytes);
    CHECK(server.commands_run() == kCommands);
}

TEST_CASE("MonitorServer: an answer longer than every limit arrives", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    constexpr std::size_t size = 4 * ClientConnection::kPauseOutputBytes + kBigBytes;
    client.send(Json{{"execute", "big"}, {"arguments", {{"size", size}}}}.dump());
    CHECK(client.text().size() > size);
}

TEST_CASE("MonitorServer: a full house says so", "[monitor]") {
    TestServer server{QmpStyle::compact, {.clients = 20}};
    std::vector<TestClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(server.connect());
        REQUIRE(clients.back().line().contains("QMP"));
    }
    TestClient late = server.connect();
    CHECK(late.line()["error"]["desc"] == "Too many clients, at most 20 can be connected");
    CHECK(late.at_end());

    clients.pop_back();
    bool admitted = false;
    server.run_until([&] {
        TestClient next = server.connect();
        admitted = admitted || next.line().contains("QMP");
        return admitted;
    });
}
