// SPDX-License-Identifier: Apache-2.0
//
// Who may connect to a monitor, and what for: properties of its object, seen from its clients.
#include "daemon/monitor/client_connection.hpp"
#include "tests/unit/monitor/monitor_fixture.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

struct AccessFixture : MonitorFixture {
    Result<void> add(const std::string &id, const qapi::MonitorQmpProperties &properties) {
        return create<qapi::ObjectType::monitor_qmp>(id, properties);
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
};

} // namespace

TEST_CASE_METHOD(AccessFixture,
                 "monitor access: a read-only client is refused what is not for it, wherever it is served",
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
    CHECK(server.server().clients().front().identity.permit.role == MonitorRole::read_only);
}

TEST_CASE_METHOD(AccessFixture, "monitor access: who is not allowed gets one line and is disconnected",
                 "[monitor][role]") {
    const auto stranger = ::geteuid() + 1;
    REQUIRE(add("m", {.chardev = "c", .allow = {{{.uid = stranger, .role = MonitorRole::operator_}}}})
                .has_value());
    for (int i = 0; i < 3; ++i) {
        TestClient denied = server.connect(dir / "c");
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

TEST_CASE_METHOD(AccessFixture, "monitor access: read-only clients of a user leave room for everybody else",
                 "[monitor][role]") {
    add_chardev("d");
    REQUIRE(add("m", {.chardev = "c", .allow = {{{.role = MonitorRole::read_only}}}}).has_value());
    REQUIRE(add("n", {.chardev = "d"}).has_value());
    std::vector<TestClient> clients;
    for (std::size_t i = 0; i < ClientAdmission::kMaxReadOnlyClientsOfUser; ++i) {
        clients.push_back(server.connect(dir / "c"));
        REQUIRE(clients.back().line().contains("QMP"));
    }
    CHECK(server.connect(dir / "c").line()["error"]["desc"] ==
          fmt::format("Too many read-only clients, at most 128 of user {} can be connected", ::geteuid()));
    TestClient manager = server.connect(dir / "d");
    manager.negotiate();
    clients.pop_back();
    bool admitted = false;
    server.run_until([&] {
        TestClient next = server.connect(dir / "c");
        admitted = admitted || next.line().contains("QMP");
        return admitted;
    });
}

TEST_CASE_METHOD(AccessFixture, "monitor access: the messages of a read-only client are shorter",
                 "[monitor][role]") {
    const auto role = GENERATE(MonitorRole::read_only, MonitorRole::operator_);
    REQUIRE(add("m", {.chardev = "c", .allow = {{{.role = role}}}}).has_value());
    TestClient client = server.connect(dir / "c");
    client.negotiate();
    const Json id(std::string(kMaxReadOnlyMessageBytes, 'x'));
    client.send(Json{{"execute", "qmp_capabilities"}, {"id", id}}.dump());
    const Json answer = client.line();
    CHECK(answer.contains("id") == (role == MonitorRole::operator_));
    if (role == MonitorRole::read_only)
        CHECK(answer["error"]["desc"].get<std::string>().ends_with("JSON token size limit exceeded"));
    client.send(R"({"execute":"echo","id":2})");
    CHECK(client.line()["id"] == 2);
}

TEST_CASE_METHOD(AccessFixture, "monitor access: the bytes of a relay of ours have no user",
                 "[monitor][role]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    TestClient client{server, UniqueFd{pair[0]}};
    const MonitorServer::Monitor monitor{
        .name = "m",
        .dialect = QmpStyle::compact,
        .home = server.home(),
        .allow = {{.uid = ::geteuid(), .role = MonitorRole::operator_}, {.role = MonitorRole::read_only}}};
    CHECK(server.server().serve(monitor, {.socket = UniqueFd{pair[1]}, .ended = [] {}, .relayed = true}));
    client.negotiate();
    const ClientPermit permit = server.server().clients().front().identity.permit;
    CHECK(permit.role == MonitorRole::read_only);
    CHECK_FALSE(permit.peer);
}

TEST_CASE_METHOD(AccessFixture, "monitor access: who is refused on a terminal gets one line, once",
                 "[monitor][role]") {
    qapi::ChardevOptions options;
    options.u.emplace<qapi::Case<qapi::ChardevBackendKind::pty, qapi::ChardevPty>>();
    add_chardev("p", options);
    REQUIRE(add("m", {.chardev = "p", .allow = {{{.uid = ::geteuid(), .role = MonitorRole::operator_}}}})
                .has_value());
    for (int i = 0; i < 2; ++i) {
        const UniqueFd terminal{
            ::open(chardevs.find("p")->pty().value().c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
        std::string told;
        int idle = 0;
        server.run_until([&] {
            char buffer[4096];
            const ssize_t bytes = ::read(terminal.get(), buffer, sizeof(buffer));
            told.append(buffer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
            return !told.empty() && ++idle > 20;
        });
        CHECK(std::ranges::count(told, '\n') == 1);
        CHECK(told.starts_with(R"({"error")"));
    }
    CHECK(server.server().clients().empty());
}

TEST_CASE_METHOD(AccessFixture, "monitor access: whoever is not served is over, once", "[monitor][role]") {
    const bool stopped = GENERATE(true, false);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    TestClient client{server, UniqueFd{pair[0]}};
    const MonitorServer::Monitor monitor{
        .name = "m", .dialect = QmpStyle::compact, .home = server.home(), .allow = {}};
    if (stopped)
        server.server().stop_commands();
    int ended = 0;
    CHECK_FALSE(server.server().serve(monitor, {.socket = UniqueFd{pair[1]}, .ended = [&] { ++ended; }}));
    CHECK(ended == 0); // not yet
    if (!stopped)
        CHECK(client.line().contains("error"));
    CHECK(client.at_end());
    server.run_until([&] { return ended > 0; });
    server.run_ready();
    CHECK(ended == 1);
}

TEST_CASE_METHOD(AccessFixture, "monitor access: opens its socket to others, and closes it again",
                 "[monitor][role]") {
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

TEST_CASE_METHOD(AccessFixture, "monitor access: what is wrong with its socket leaves everything as before",
                 "[monitor][role]") {
    const auto manager = bind_unix_listener(dir / "d");
    add_chardev("d", false); // connected to a socket of somebody else's
    const auto refusal = [&](const qapi::MonitorQmpProperties &properties) {
        const auto added = add("m", properties);
        return added ? "nothing refused" : added.error().desc;
    };
    CHECK(refusal({.chardev = "c", .mode = "0888"}) ==
          "Parameter 'mode' expects an octal number from 0 to 0777");
    CHECK(refusal({.chardev = "c", .mode = "0666", .owner = "no-such"}) ==
          "User 'no-such' not found in /etc/passwd");
    CHECK(refusal({.chardev = "c", .group = "no-such"}) == "Group 'no-such' not found in /etc/group");
    CHECK(refusal({.chardev = "d", .mode = "0666"}) ==
          "chardev 'd' has no socket file to set mode, owner or group of");
    CHECK(refusal({.chardev = "c", .iothread = "nope", .mode = "0666"}) == "iothread \"nope\" not found");
    const std::vector<qapi::MonitorAllow> many(kMaxAllowEntries + 1);
    CHECK(refusal({.chardev = "c", .allow = many}) == "Parameter 'allow' can have at most 256 entries");
    CHECK(mode("c") == 0600);
    CHECK(tree.objects().children().size() == 1);
    CHECK(add("m", {.chardev = "c", .allow = {{many.begin() + 1, many.end()}}}).has_value());
}

TEST_CASE_METHOD(AccessFixture, "monitor access: shows who may connect", "[monitor][role]") {
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

TEST_CASE_METHOD(AccessFixture,
                 "monitor access: with close-action=delete it does not go with who was refused",
                 "[monitor][role]") {
    REQUIRE(add("m", {.chardev = "c",
                      .close_action = qapi::MonitorCloseAction::delete_,
                      .allow = {{{.uid = ::geteuid() + 1, .role = MonitorRole::operator_}}}})
                .has_value());
    TestClient denied = server.connect(dir / "c");
    CHECK(denied.line().contains("error"));
    CHECK(denied.at_end());
    server.run_ready();
    CHECK(tree.objects().find_child("m") != nullptr);
}
