// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

std::string command(std::string_view name, int id, const Json &arguments = Json::object()) {
    return Json{{"execute", name}, {"arguments", arguments}, {"id", id}}.dump();
}

Json answer(const Json &value, int id) { return {{"return", value}, {"id", id}}; }

} // namespace

TEST_CASE("MonitorServer: greets at once, and negotiates before anything else", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    const Json greeting = client.line();
    CHECK(greeting["QMP"]["version"]["qemu"]["major"] == 11);
    CHECK(greeting["QMP"]["capabilities"] == Json{"oob", "event-seq"});

    client.send(command("echo", 1)).send(kNegotiate).send(command("echo", 2));
    CHECK(client.line()["error"]["class"] == "CommandNotFound");
    CHECK(client.line() == Json{{"return", Json::object()}});
    CHECK(client.line() == answer(Json::object(), 2));
}

TEST_CASE("MonitorServer: runs the commands of one packet in order", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    std::string packet;
    for (int i = 0; i < 500; ++i)
        packet += command(i % 7 == 3 ? "fail" : "echo", i, {{"n", i}});
    client.send(packet);
    for (int i = 0; i < 500; ++i) {
        const Json line = client.line();
        CHECK(line["id"] == i);
        if (i % 7 == 3)
            CHECK(line["error"]["class"] == "DeviceNotFound");
        else
            CHECK(line["return"] == Json{{"n", i}});
    }
}

TEST_CASE("MonitorServer: a command may come in single bytes", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    for (const char byte : command("echo", 1, {{"text", "}{"}}))
        client.send({&byte, 1});
    CHECK(client.line() == answer({{"text", "}{"}}, 1));
}

TEST_CASE("MonitorServer: broken input gets an error, and the next command its answer", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    client.send("\xff").send(command("nope", 1)).send("[1,").send("]").send(command("throw", 2));
    client.send(command("echo", 3));
    CHECK_FALSE(client.line().contains("id"));
    CHECK(client.line()["error"]["desc"] == "The command nope has not been found");
    CHECK_FALSE(client.line().contains("id"));
    CHECK(client.line()["error"]["desc"] == "Internal error: out of cheese");
    CHECK(client.line() == answer(Json::object(), 3));
}

TEST_CASE("MonitorServer: a pretty monitor spreads its messages over lines", "[monitor]") {
    TestServer server{QmpStyle::pretty};
    TestClient client = server.connect();
    CHECK(client.text() == "{");
    CHECK(client.text() == "    \"QMP\": {");
}

TEST_CASE("MonitorServer: clients are served side by side, each with its own session", "[monitor]") {
    TestServer server;
    TestClient first = server.connect();
    TestClient second = server.connect();
    first.negotiate();
    REQUIRE(second.line().contains("QMP"));
    second.send(command("echo", 1));
    CHECK(second.line()["error"]["class"] == "CommandNotFound"); // the first one's negotiation is not its own
    second.send(kNegotiate);
    REQUIRE(second.line().contains("return"));

    first.send(command("wait", 1)).send(command("echo", 2));
    server.run_until([&] { return server.waiting() == 1; });
    second.send(command("echo", 3));
    CHECK(second.line() == answer(Json::object(), 3)); // while the first one waits
    server.release();
    CHECK(first.line()["event"] == "WAITED");
    CHECK(first.line() == answer(Json::object(), 1));
    CHECK(first.line() == answer(Json::object(), 2));
    CHECK(second.line()["event"] == "WAITED");
}

TEST_CASE("MonitorServer: who is gone is forgotten although its command still runs", "[monitor]") {
    TestServer server;
    TestClient stays = server.connect();
    stays.negotiate();
    {
        TestClient leaves = server.connect();
        leaves.negotiate();
        leaves.send(command("wait", 1));
        server.run_until([&] { return server.waiting() == 1; });
        CHECK(server.server().clients().size() == 2);
    }
    server.run_until([&] { return server.server().clients().size() == 1; });
    server.release();
    CHECK(stays.line()["event"] == "WAITED"); // the command ended all the same
    stays.send(command("echo", 2));
    CHECK(stays.line() == answer(Json::object(), 2));
}

TEST_CASE("MonitorServer: what a client sent before it left still runs, in order", "[monitor]") {
    TestServer server;
    TestClient stays = server.connect();
    stays.negotiate();
    {
        TestClient leaves = server.connect();
        leaves.negotiate();
        leaves.send(command("wait", 1)).send(command("emit", 2));
        server.run_until([&] { return server.waiting() == 1; });
    }
    server.run_ready();
    CHECK(server.server().clients().size() == 2); // it has something to say
    server.release();
    CHECK(stays.line()["event"] == "WAITED");
    CHECK(stays.line()["event"] == "TEST_EVENT");
    server.run_until([&] { return server.server().clients().size() == 1; });
}

TEST_CASE("MonitorServer: one client's commands run one at a time", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    client.send(command("wait", 1)).send(command("wait", 2)).send(command("echo", 3));
    server.run_until([&] { return server.waiting() == 1; });
    server.run_ready();
    CHECK(server.commands_run() == 1);
    server.release();
    CHECK(client.line()["event"] == "WAITED");
    CHECK(client.line() == answer(Json::object(), 1));
    server.run_until([&] { return server.waiting() == 1; });
    CHECK(server.commands_run() == 2);
    server.release();
    CHECK(client.line()["event"] == "WAITED");
    CHECK(client.line() == answer(Json::object(), 2));
    CHECK(client.line() == answer(Json::object(), 3));
}

TEST_CASE("MonitorServer: events come before the answer that caused them, and only after negotiation",
          "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    TestClient other = server.connect();
    TestClient early = server.connect();
    client.negotiate();
    other.negotiate();
    REQUIRE(early.line().contains("QMP"));

    const auto before = std::chrono::system_clock::now();
    client.send(command("emit", 1, {{"n", 1}}) + command("emit", 2, {{"n", 2}}));
    for (int n = 1; n <= 2; ++n) {
        const Json event = client.line();
        CHECK(event["event"] == "TEST_EVENT");
        CHECK(event["data"] == Json{{"n", n}});
        CHECK(event["timestamp"]["seconds"].get<std::int64_t>() >=
              std::chrono::system_clock::to_time_t(before));
        CHECK(event["timestamp"]["microseconds"].is_number_integer());
        CHECK(client.line() == answer(Json::object(), n));
        CHECK(other.line()["data"] == Json{{"n", n}});
    }
    early.send(kNegotiate);
    CHECK(early.line() == Json{{"return", Json::object()}}); // no event was kept for it
}

TEST_CASE("MonitorServer: commands that arrived before a half-close are run and answered", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    std::string packet;
    for (int i = 0; i < 200; ++i)
        packet += command("echo", i);
    client.send(packet + R"({"execute":)");
    client.half_close();
    for (int i = 0; i < 200; ++i)
        CHECK(client.line()["id"] == i);
    CHECK(client.at_end());
}

TEST_CASE("MonitorServer: commands that arrived before a close are run", "[monitor]") {
    TestServer server;
    {
        TestClient client = server.connect();
        std::string packet{kNegotiate};
        for (int i = 0; i < 30; ++i)
            packet += command("echo", i);
        REQUIRE(::send(client.fd(), packet.data(), packet.size(), 0) == static_cast<ssize_t>(packet.size()));
    } // not even the greeting was read
    server.run_until([&] { return server.commands_run() == 30; });
    CHECK(server.connect().line().contains("QMP"));
}

TEST_CASE("MonitorServer: a client may go while its command waits", "[monitor]") {
    TestServer server;
    TestClient other = server.connect();
    other.negotiate();
    {
        TestClient client = server.connect();
        client.negotiate();
        client.send(command("wait", 1, {{"secret", true}})).send(command("echo", 2));
        server.run_until([&] { return server.waiting() == 1; });
    }
    TestClient next = server.connect(); // gets nothing that was meant for the one before
    next.negotiate();
    server.release();
    CHECK(next.line()["event"] == "WAITED");
    CHECK(other.line()["event"] == "WAITED");
    server.run_until([&] { return server.commands_run() == 2; });
    next.send(command("echo", 3));
    CHECK(next.line() == answer(Json::object(), 3));
}

TEST_CASE("MonitorServer: a limited event comes at once, then the last of those that follow", "[monitor]") {
    TestServer server;
    TestClient client = server.connect();
    client.negotiate();
    for (int number = 1; number <= 4; ++number)
        server.server().emit("SLOW", Json{{"id", "a"}, {"number", number}});
    server.server().emit("SLOW", Json{{"id", "b"}, {"number", 5}});
    server.server().emit("OTHER", std::nullopt);
    CHECK(client.line()["data"]["number"] == 1);
    CHECK(client.line()["data"]["number"] == 5);
    CHECK(client.line()["event"] == "OTHER");
    CHECK(client.line()["data"]["number"] == 4);

    SECTION("what is kept at the end is not lost") {
        server.server().emit("SLOW", Json{{"id", "a"}, {"number", 6}});
        bool closed = false;
        server.server().close([&closed] { closed = true; });
        CHECK(client.line()["data"]["number"] == 6);
        CHECK(client.at_end());
        client.close();
        server.run_until([&closed] { return closed; });
    }
}
