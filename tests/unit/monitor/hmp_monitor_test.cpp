// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/monitor_fixture.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

const std::string kPrompt = "(iothreadd) ";

struct Fixture : MonitorFixture {
    void add_human(bool readline = true) {
        REQUIRE(create<qapi::ObjectType::monitor_hmp>(
            "m", qapi::MonitorHmpProperties{.chardev = "c", .readline = readline}));
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "HmpMonitor: greets, echoes, answers and prompts", "[monitor]") {
    add_human();
    TestClient person = server.connect(dir / "c");
    CHECK(person.read_until(kPrompt) ==
          "iothreadd " IOTHREADD_VERSION " monitor - type 'help' for more information\r\n" + kPrompt);
    person.send("info versoin\b\b\bion\r");
    CHECK(person.read_until(kPrompt).ends_with("\r\n11.1.1 (iothreadd " IOTHREADD_VERSION ")\r\n" + kPrompt));
    person.send("nonsense\r");
    CHECK(person.read_until(kPrompt).ends_with("unknown command: 'nonsense'\r\n" + kPrompt));
    person.send("object_del m\r"); // not in the tree that the test server's commands see
    CHECK(person.read_until(kPrompt).ends_with("Error: object 'm' not found\r\n" + kPrompt));
    person.send("\x04"); // Ctrl-D
    CHECK(person.at_end());
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: without readline it takes lines and prints answers", "[monitor]") {
    add_human(false);
    TestClient program = server.connect(dir / "c");
    program.read_until("information\r\n");
    program.send("info version\ninfo version\n");
    program.half_close();
    const std::string answer = "11.1.1 (iothreadd " IOTHREADD_VERSION ")\r\n";
    CHECK(program.read_until(answer + answer) == answer + answer);
    CHECK(program.at_end());
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: Tab completes commands", "[monitor]") {
    add_human();
    TestClient person = server.connect(dir / "c");
    person.read_until(kPrompt);
    person.send("inf\t");
    CHECK(person.read_until("info ").find("info ") != std::string::npos);
    person.send("vers\t\r");
    CHECK(person.read_until(kPrompt).find("11.1.1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: its clients are listed, and can be disconnected", "[monitor]") {
    add_human();
    TestClient person = server.connect(dir / "c");
    person.read_until(kPrompt);
    const auto clients = server.server().clients();
    REQUIRE(clients.size() == 1);
    CHECK(clients[0].human);
    CHECK(clients[0].identity.monitor == "m");
    CHECK(clients[0].identity.permit.peer->pid == ::getpid());
    REQUIRE(server.server().disconnect(clients[0].identity.id, 0).has_value());
    CHECK(person.at_end());
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: quit ends the program, without another prompt", "[monitor]") {
    add_human();
    TestClient person = server.connect(dir / "c");
    person.read_until(kPrompt);
    person.send("quit\rinfo version\r");
    bool closed = false;
    server.run_until([&] { return server.server().clients().front().commands == 1; });
    server.server().close([&] { closed = true; });
    server.run_until([&] { return closed; });
    const std::string rest = person.read_until("never");
    CHECK(rest.find("quit") != std::string::npos);
    CHECK(rest.find(kPrompt) == std::string::npos);
    CHECK(rest.find("11.1.1") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: who does not read stops nobody else", "[monitor]") {
    add_human();
    TestClient asleep = server.connect(dir / "c");
    std::string many;
    for (int i = 0; i < 50000; ++i)
        many += "help\r";
    const std::string_view all = many;
    std::size_t sent = 0;
    for (ssize_t bytes = 0;
         bytes >= 0 && sent<all.size(); sent += bytes> 0 ? static_cast<std::size_t>(bytes) : 0) {
        bytes = ::send(asleep.fd(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        server.run_ready();
    }
    TestClient person = server.connect(dir / "c");
    CHECK(person.read_until(kPrompt).ends_with(kPrompt));
    for (const auto &client : server.server().clients())
        CHECK(client.traffic.waiting_bytes < 2 * ClientConnection::kPauseOutputBytes);
}

TEST_CASE_METHOD(Fixture, "HmpMonitor: can be deleted while somebody types", "[monitor]") {
    add_human();
    TestClient person = server.connect(dir / "c");
    person.read_until(kPrompt);
    person.send("info ver");
    REQUIRE(tree.remove("m").has_value());
    person.read_to_end();
    add_human();
    TestClient next = server.connect(dir / "c");
    CHECK(next.read_until(kPrompt).ends_with(kPrompt));
}
