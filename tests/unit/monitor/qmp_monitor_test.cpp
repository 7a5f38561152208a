// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/monitor/monitor_fixture.hpp"

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::string_view kEcho = R"({"execute":"echo","arguments":{"n":1}})";
const Json kEchoed{{"return", {{"n", 1}}}};

} // namespace

TEST_CASE_METHOD(MonitorFixture,
                 "QmpMonitor: serves the clients of its chardev, in the main loop or an IOThread",
                 "[monitor]") {
    const bool in_iothread = GENERATE(false, true);
    REQUIRE(add("m", "c", in_iothread ? std::optional<std::string>{"io0"} : std::nullopt).has_value());
    TestClient one = server.connect(dir / "c");
    TestClient two = server.connect(dir / "c");
    one.negotiate();
    two.negotiate();
    CHECK(two.send(kEcho).line() == kEchoed);
    CHECK(one.send(kEcho).line() == kEchoed);
    server.server().emit("TEST_EVENT", std::nullopt);
    CHECK(one.line()["event"] == "TEST_EVENT");
    CHECK(two.line()["event"] == "TEST_EVENT");
    std::string packet;
    for (int i = 0; i < 300; ++i)
        packet += kEcho;
    one.send(packet);
    one.half_close();
    for (int i = 0; i < 300; ++i)
        REQUIRE(one.line() == kEchoed);
    CHECK(one.at_end());
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: holds its IOThread until it is deleted", "[monitor]") {
    REQUIRE(add("m", "c", "io0").has_value());
    CHECK(tree.remove("io0").error().desc ==
          "object 'io0' is in use, can not be deleted: held by qom-object '/objects/m'");
    TestClient client = server.connect(dir / "c");
    client.negotiate();
    REQUIRE(tree.remove("m").has_value());
    CHECK(client.at_end());
    CHECK(tree.remove("io0").has_value());
}

TEST_CASE_METHOD(MonitorFixture,
                 "QmpMonitor: out-of-band commands run in the IOThread while the main thread waits",
                 "[monitor]") {
    REQUIRE(add("m", "c", "io0").has_value());
    TestClient client = server.connect(dir / "c");
    client.negotiate(R"({"execute":"qmp_capabilities","arguments":{"enable":["oob"]}})");
    client.send(R"({"execute":"wait","id":1}{"execute":"echo","id":2})");
    server.run_until([&] { return server.waiting() == 1; });
    client.send(R"({"exec-oob":"thread","id":3})");
    const Json answer = client.line_without_server(); // nothing but the IOThread runs
    CHECK(answer["id"] == 3);
    CHECK(answer["return"]["thread-id"] == iothreads.find("io0")->thread_id());
    client.send(R"({"exec-oob":"echo","id":4})");
    CHECK(client.line_without_server()["error"]["desc"] == "The command echo does not support OOB");
    server.release();
    CHECK(client.line()["event"] == "WAITED");
    CHECK(client.line()["id"] == 1);
    CHECK(client.line()["id"] == 2);
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: can be deleted while clients talk and a command waits",
                 "[monitor]") {
    const bool in_iothread = GENERATE(false, true);
    REQUIRE(add("m", "c", in_iothread ? std::optional<std::string>{"io0"} : std::nullopt).has_value());
    TestClient waiting = server.connect(dir / "c");
    waiting.negotiate().send(R"({"execute":"wait","id":1})");
    server.run_until([&] { return server.waiting() == 1; });
    TestClient busy = server.connect(dir / "c");
    busy.negotiate();
    std::string packet;
    for (int i = 0; i < 2000; ++i)
        packet += kEcho;
    busy.send(packet);
    REQUIRE(tree.remove("m").has_value());
    server.release();
    server.run_ready();
    busy.read_to_end();
    waiting.read_to_end();

    REQUIRE(add("n", "c").has_value()); // the chardev is free again
    TestClient next = server.connect(dir / "c");
    next.negotiate();
    CHECK(next.send(kEcho).line() == kEchoed);
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: a chardev that connected serves one monitor, and ends with it",
                 "[monitor]") {
    auto manager = bind_unix_listener(dir / "d");
    REQUIRE(manager.has_value());
    add_chardev("d", false);
    REQUIRE(add("m", "d").has_value());
    UniqueFd accepted{::accept4(manager->fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    REQUIRE(accepted);
    TestClient client{server, std::move(accepted)};
    client.negotiate();
    REQUIRE(tree.remove("m").has_value());
    CHECK(client.at_end());
    CHECK(::send(client.fd(), "x", 1, MSG_NOSIGNAL) < 0); // nobody has the other end any more
    CHECK(add("n", "d").error().desc == "chardev 'd' is not connected");
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: says what is wrong with it, and leaves nothing behind",
                 "[monitor]") {
    add_chardev("d");
    CHECK(add("m", "nope").error().desc == "chardev \"nope\" not found");
    CHECK(add("m", "c", "nope").error().desc == "iothread \"nope\" not found");
    CHECK(add("-", "c").error().desc == "Parameter 'id' expects an identifier");
    REQUIRE(add("m", "c").has_value());
    CHECK(add("n", "c").error().desc == "chardev 'c' is already in use");
    CHECK(add("m", "d").error().desc == "attempt to add duplicate property 'm' to object (type 'container')");
    CHECK(tree.objects().children().size() == 2);
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: makes up a name, and shows its properties", "[monitor]") {
    add_chardev("d");
    REQUIRE(add_monitor(tree, {.chardev = "c"}).has_value());
    REQUIRE(add_monitor(tree, {.chardev = "d", .pretty = true, .iothread = "io0"}).has_value());
    const Object &second = *tree.resolve("/objects/compat_monitor1").value();
    CHECK(second.type().name == "monitor-qmp");
    CHECK(tree.find_property(second, "chardev")->get(second) == "d");
    CHECK(tree.find_property(second, "iothread")->get(second) == "io0");
    CHECK(tree.find_property(second, "pretty")->get(second) == true);
    CHECK(server.connect(dir / "d").text() == "{");
    REQUIRE(tree.remove("compat_monitor0").has_value());
    REQUIRE(add_monitor(tree, {.chardev = "c"}).has_value());
    CHECK(tree.resolve("/objects/compat_monitor0").has_value());
}

TEST_CASE_METHOD(MonitorFixture, "QmpMonitor: with close-action=delete it goes with its last client",
                 "[monitor]") {
    REQUIRE(create<qapi::ObjectType::monitor_qmp>(
        "m", qapi::MonitorQmpProperties{.chardev = "c", .close_action = qapi::MonitorCloseAction::delete_}));
    TestClient one = server.connect(dir / "c");
    TestClient two = server.connect(dir / "c");
    one.negotiate();
    two.negotiate();
    one.close();
    CHECK(two.send(kEcho).line() == kEchoed);
    server.run_ready();
    CHECK(tree.objects().find_child("m") != nullptr);
    two.close();
    server.run_until([&] { return tree.objects().find_child("m") == nullptr; });
    CHECK_FALSE(chardevs.find("c")->attached()); // and can have another
    REQUIRE(add("n", "c").has_value());
    server.connect(dir / "c").negotiate();
}
