// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/iothread/iothread_type.hpp"
#include "daemon/monitor/qmp_connection.hpp"
#include "daemon/monitor/qmp_monitor.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/run_alone.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include "qapi/char_types.hpp"
#include "qapi/monitor_types.hpp"
#include "qapi/qom_types.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

struct Fixture {
    Fixture() {
        register_iothread_types(tree, iothreads);
        register_monitor_types(tree,
                               {.chardevs = chardevs, .iothreads = iothreads, .server = server.server()});
        qapi::ObjectOptions options;
        options.id = "io0";
        options.u.emplace<qapi::Case<qapi::ObjectType::iothread, qapi::IothreadProperties>>();
        REQUIRE(tree.create("iothread", "io0", options).has_value());
        add_chardev("c");
    }

    void add_chardev(const std::string &id, bool listens = true) {
        qapi::ChardevOptions options;
        options.u.emplace<qapi::Case<qapi::ChardevBackendKind::socket, qapi::ChardevSocketOptions>>() = {
            {.path = dir / id, .server = listens}};
        auto adding = chardevs.add(id, chardev_backend(options).value(), nullptr);
        REQUIRE(run_alone(std::move(adding)).value().has_value());
    }

    Result<void> add(const std::string &id, const std::string &chardev,
                     const std::optional<std::string> &iothread = {}) {
        return add_monitor(tree, {.chardev = chardev, .id = id, .iothread = iothread});
    }

    /// As object-add does.
    Result<void> add(const std::string &id, qapi::MonitorQmpProperties properties) {
        qapi::ObjectOptions options;
        options.id = id;
        static_cast<qapi::MonitorQmpProperties &>(
            options.u.emplace<qapi::Case<qapi::ObjectType::monitor_qmp, qapi::MonitorQmpProperties>>()) =
            std::move(properties);
        return tree.create("monitor-qmp", id, options);
    }

    Json property(const std::string &id, std::string_view name) const {
        const Object &object = *tree.resolve("/objects/" + id).value();
        return tree.find_property(object, name)->get(object);
    }

    unsigned mode(const std::string &id) const {
        struct stat file {};
        REQUIRE(::lstat((dir / id).c_str(), &file) == 0);
        return file.st_mode & 07777U;
    }

    TestServer server;
    TempDir dir;
    ChardevRegistry chardevs{server.io()};
    IOThreadPool iothreads{server.home(), server.server()};
    ObjectTree tree;
};

constexpr std::string_view kEcho = R"({"execute":"echo","arguments":{"n":1}})";
const Json kEchoed{{"return", {{"n", 1}}}};

} // namespace

TEST_CASE_METHOD(Fixture, "QmpMonitor: serves the clients of its chardev, in the main loop or an IOThread",
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

TEST_CASE_METHOD(Fixture, "QmpMonitor: holds its IOThread until it is deleted", "[monitor]") {
    REQUIRE(add("m", "c", "io0").has_value());
    CHECK(tree.remove("io0").error().desc ==
          "object 'io0' is in use, can not be deleted: held by qom-object '/objects/m'");
    TestClient client = server.connect(dir / "c");
    client.negotiate();
    REQUIRE(tree.remove("m").has_value());
    CHECK(client.at_end());
    CHECK(tree.remove("io0").has_value());
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: out-of-band commands run in the IOThread while the main thread waits",
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

TEST_CASE_METHOD(Fixture, "QmpMonitor: can be deleted while clients talk and a command waits", "[monitor]") {
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

TEST_CASE_METHOD(Fixture, "QmpMonitor: a chardev that connected serves one monitor, and ends with it",
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

TEST_CASE_METHOD(Fixture, "QmpMonitor: says what is wrong with it, and leaves nothing behind", "[monitor]") {
    add_chardev("d");
    CHECK(add("m", "nope").error().desc == "chardev \"nope\" not found");
    CHECK(add("m", "c", "nope").error().desc == "iothread \"nope\" not found");
    CHECK(add("-", "c").error().desc == "Parameter 'id' expects an identifier");
    CHECK(add_monitor(tree, {.chardev = "c", .mode = qapi::MonitorMode::readline}).error().desc ==
          "Only QMP is supported");
    REQUIRE(add("m", "c").has_value());
    CHECK(add("n", "c").error().desc == "chardev 'c' is already in use");
    CHECK(add("m", "d").error().desc == "attempt to add duplicate property 'm' to object (type 'container')");
    CHECK(tree.objects().children().size() == 2);
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: makes up a name, and shows its properties", "[monitor]") {
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

TEST_CASE_METHOD(Fixture,
                 "QmpMonitor: a read-only client is refused what is not for it, wherever it is served",
                 "[monitor][role]") {
    const bool in_iothread = GENERATE(false, true);
    qapi::MonitorQmpProperties properties{.chardev = "c"};
    if (in_iothread)
        properties.iothread = "io0";
    properties.allow = {{.uid = ::geteuid() + 1, .role = MonitorRole::operator_},
                        {.uid = ::geteuid(), .gid = ::getegid(), .role = MonitorRole::read_only}};
    REQUIRE(add("m", properties).has_value());
    TestClient client = server.connect(dir / "c");
    client.send(R"({"execute":"echo"})");
    CHECK(client.line().contains("QMP"));
    CHECK(client.line()["error"]["class"] == "CommandNotFound"); // as for everybody before negotiation
    client.send(R"({"execute":"qmp_capabilities","arguments":{"enable":["oob"]}})");
    CHECK(client.line().contains("return"));
    const std::string why = fmt::format("is not allowed: user {} has the role read-only here", ::geteuid());
    for (const std::string command : {"echo", "wait", "quit", "throw"}) {
        client.send(R"({"execute":")" + command + R"(","id":1})");
        const Json answer = client.line();
        CHECK(answer["id"] == 1);
        CHECK(answer["error"] ==
              Json{{"class", "GenericError"}, {"desc", "The command " + command + " " + why}});
    }
    client.send(R"({"exec-oob":"thread","id":2})");
    CHECK(client.line()["error"]["desc"] == "The command thread " + why);
    client.send(R"({"execute":"nope"})");
    CHECK(client.line()["error"]["desc"] == "The command nope has not been found");
    CHECK(server.commands_run() == 0);
    CHECK(server.waiting() == 0);
    server.server().emit("TEST_EVENT", std::nullopt);
    CHECK(client.line()["event"] == "TEST_EVENT");
    CHECK(server.server().clients().front().permit.role == MonitorRole::read_only);
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: who is not allowed gets one line and is disconnected",
                 "[monitor][role]") {
    const auto stranger = ::geteuid() + 1;
    REQUIRE(add("m", {.chardev = "c", .allow = {{{.uid = stranger, .role = MonitorRole::operator_}}}})
                .has_value());
    for (int i = 0; i < 3; ++i) {
        TestClient denied = server.connect(dir / "c");
        denied.send(kNegotiate);
        CHECK(denied.line() ==
              Json{{"error",
                    {{"class", "GenericError"},
                     {"desc", fmt::format("Access denied: user {} is not allowed here", ::geteuid())}}}});
        CHECK(denied.at_end());
    }
    CHECK(server.server().clients().empty());
    REQUIRE(tree.remove("m").has_value());
    REQUIRE(add("m", {.chardev = "c", .allow = std::vector<qapi::MonitorAllow>{}}).has_value());
    CHECK(server.connect(dir / "c").line().contains("error")); // an empty list is for nobody
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: the bytes of a relay of ours have no user", "[monitor][role]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    TestClient client{server, UniqueFd{pair[0]}};
    const MonitorServer::Monitor monitor{
        .name = "m",
        .style = QmpStyle::compact,
        .home = server.home(),
        .allow = {{.uid = ::geteuid(), .role = MonitorRole::operator_}, {.role = MonitorRole::read_only}}};
    server.server().serve(monitor, {.socket = UniqueFd{pair[1]}, .relayed = true});
    client.negotiate();
    const QmpPermit permit = server.server().clients().front().permit;
    CHECK(permit.role == MonitorRole::read_only);
    CHECK_FALSE(permit.peer);
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: opens its socket to others, and closes it again", "[monitor][role]") {
    REQUIRE(mode("c") == 0600);
    REQUIRE(add("m", {.chardev = "c", .mode = "0666"}).has_value());
    CHECK(mode("c") == 0666);
    CHECK(add("n", {.chardev = "c", .mode = "0777"}).error().desc == "chardev 'c' is already in use");
    CHECK(mode("c") == 0666);
    TestClient served = server.connect(dir / "c");
    served.negotiate();
    TestClient waiting = server.connect(dir / "c"); // in the backlog, let in by a mode that is over
    REQUIRE(tree.remove("m").has_value());
    CHECK(mode("c") == 0600);
    CHECK(served.at_end());
    CHECK(waiting.at_end());
    REQUIRE(add("m", {.chardev = "c"}).has_value());
    server.connect(dir / "c").negotiate();
    CHECK(mode("c") == 0600);
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: what is wrong with its socket leaves everything as before",
                 "[monitor][role]") {
    const auto manager = bind_unix_listener(dir / "d");
    add_chardev("d", false); // connected to a socket of somebody else's
    const auto refusal = [&](const qapi::MonitorQmpProperties &properties) {
        const auto added = add("m", properties);
        return added ? "nothing refused" : added.error().desc;
    };
    CHECK(refusal({.chardev = "c", .mode = "0888"}) ==
          "Parameter 'mode' expects an octal number from 0 to 0777");
    CHECK(refusal({.chardev = "c", .mode = "0666", .owner = "no-such"}) == "User 'no-such' not found");
    CHECK(refusal({.chardev = "c", .group = "no-such"}) == "Group 'no-such' not found");
    CHECK(refusal({.chardev = "d", .mode = "0666"}) ==
          "chardev 'd' has no socket file to set mode, owner or group of");
    CHECK(refusal({.chardev = "c", .iothread = "nope", .mode = "0666"}) == "iothread \"nope\" not found");
    const std::vector<qapi::MonitorAllow> many(kMaxAllowEntries + 1);
    CHECK(refusal({.chardev = "c", .allow = many}) == "Parameter 'allow' can have at most 256 entries");
    CHECK(mode("c") == 0600);
    CHECK(tree.objects().children().size() == 1);
    CHECK(add("m", {.chardev = "c", .allow = {{many.begin() + 1, many.end()}}}).has_value());
}

TEST_CASE_METHOD(Fixture, "QmpMonitor: shows who may connect", "[monitor][role]") {
    REQUIRE(add("m", {.chardev = "c"}).has_value());
    CHECK(property("m", "mode") == "");
    CHECK(property("m", "owner") == "");
    CHECK(property("m", "group") == "");
    CHECK(property("m", "allow") == Json::parse(R"([{"role": "operator"}])"));
    REQUIRE(tree.remove("m").has_value());
    const std::string self = std::to_string(::geteuid());
    REQUIRE(add("m", {.chardev = "c",
                      .mode = "620",
                      .owner = self,
                      .allow = {{{.gid = 7, .role = MonitorRole::read_only},
                                 {.uid = 4294967295, .gid = 0, .role = MonitorRole::operator_}}}})
                .has_value());
    CHECK(property("m", "mode") == "620");
    CHECK(property("m", "owner") == self);
    CHECK(property("m", "group") == "");
    CHECK(property("m", "allow") ==
          Json::parse(
              R"([{"gid": 7, "role": "read-only"}, {"uid": 4294967295, "gid": 0, "role": "operator"}])"));
    for (const char *name : {"mode", "owner", "group", "allow"})
        CHECK_FALSE(tree.find_property(*tree.resolve("/objects/m").value(), name)->set);
}
