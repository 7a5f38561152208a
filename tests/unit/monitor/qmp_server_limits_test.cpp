// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/client_connection.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

// Long lines are compared by their length: parsing them takes long under the sanitizers.
constexpr std::size_t kBigBytes = 50000;
constexpr std::string_view kBig = R"({"execute":"big","arguments":{"size":50000}})";

} // namespace

TEST_CASE("QmpServer: who does not read events is cut off, and nobody else notices", "[monitor]") {
    TestServer server;
    TestClient idle = server.connect();
    idle.negotiate();
    TestClient reader = server.connect();
    reader.negotiate();
    const Json data{{"text", std::string(kBigBytes, 'e')}};
    const std::size_t enough = 2 * ClientConnection::kMaxOutputBytes; // for the socket's buffer, too
    for (std::size_t bytes = 0; bytes < enough; bytes += kBigBytes) {
        server.server().emit("LONG", data);
        REQUIRE(reader.text().size() > kBigBytes);
    }
    idle.read_to_end();
    reader.send(R"({"execute":"echo"})");
    CHECK(reader.line() == Json{{"return", Json::object()}});
}

TEST_CASE("QmpServer: who does not read answers gets no more commands run, but loses none", "[monitor]") {
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

TEST_CASE("QmpServer: an answer longer than every limit arrives", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    constexpr std::size_t size = ClientConnection::kMaxOutputBytes + kBigBytes;
    client.send(Json{{"execute", "big"}, {"arguments", {{"size", size}}}}.dump());
    CHECK(client.text().size() > size);
}

TEST_CASE("QmpServer: a full house says so", "[monitor]") {
    rlimit files{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    REQUIRE(files.rlim_cur > 2 * QmpServer::kMaxClients + 100);

    TestServer server;
    std::vector<TestClient> clients;
    for (std::size_t i = 0; i < QmpServer::kMaxClients; ++i) {
        clients.push_back(server.connect());
        REQUIRE(clients.back().line().contains("QMP"));
    }
    TestClient late = server.connect();
    CHECK(late.line()["error"]["desc"] == "Too many clients, at most 1024 can be connected");
    CHECK(late.at_end());

    clients.pop_back();
    bool admitted = false;
    server.run_until([&] {
        TestClient next = server.connect();
        admitted = admitted || next.line().contains("QMP");
        return admitted;
    });
}
