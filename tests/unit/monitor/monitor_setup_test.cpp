// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/monitor_setup.hpp"
#include "daemon/util/tcp_socket.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include "qapi/char_types.hpp"
#include "qapi/monitor_types.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

qapi::ChardevOptions chardev(const std::string &id, const qapi::ChardevSocketOptions &socket) {
    qapi::ChardevOptions options;
    options.id = id;
    static_cast<qapi::ChardevSocketOptions &>(std::get<0>(options.u)) = socket;
    return options;
}

qapi::ChardevSocketOptions listen_at(const std::string &path) { return {.path = path, .server = true}; }

qapi::MonitorOptions monitor(const std::string &chardev_id) { return {.chardev = chardev_id}; }

struct Fixture {
    TestServer server;
    MonitorSetup setup{server.server()};
    TempDir dir;
};

} // namespace

TEST_CASE_METHOD(Fixture, "MonitorSetup: a monitor serves the clients of its chardev", "[monitor]") {
    const std::string path = dir / "q";
    REQUIRE(setup.add_chardev(chardev("c", listen_at(path))).has_value());
    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    REQUIRE(setup.add_monitor(monitor("c")).has_value());
    server.connect(path).negotiate();
    server.connect(path).negotiate();
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: pretty monitors are", "[monitor]") {
    REQUIRE(setup.add_chardev(chardev("c", listen_at(dir / "q"))).has_value());
    REQUIRE(
        setup.add_monitor({.chardev = "c", .mode = qapi::MonitorMode::control, .pretty = true}).has_value());
    CHECK(server.connect(dir / "q").text() == "{");
}

TEST_CASE("MonitorSetup: removes the files of its sockets, used or not", "[monitor]") {
    const TempDir dir;
    {
        TestServer server;
        MonitorSetup setup{server.server()};
        REQUIRE(setup.add_chardev(chardev("c", listen_at(dir / "used"))).has_value());
        REQUIRE(setup.add_monitor(monitor("c")).has_value());
        REQUIRE(setup.add_chardev(chardev("d", listen_at(dir / "unused"))).has_value());
        CHECK(std::filesystem::exists(dir / "used"));
        CHECK(std::filesystem::exists(dir / "unused"));
    }
    CHECK_FALSE(std::filesystem::exists(dir / "used"));
    CHECK_FALSE(std::filesystem::exists(dir / "unused"));
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: listens on an inherited socket, unix or TCP", "[monitor]") {
    auto inherited = bind_tcp_listener("127.0.0.1", "0");
    REQUIRE(inherited.has_value());
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    REQUIRE(::getsockname(inherited->get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    const int fd = inherited->release();
    REQUIRE(::fcntl(fd, F_SETFD, 0) == 0); // as after an exec
    const auto options = chardev("c", {.fd = std::to_string(fd), .server = true});
    REQUIRE(setup.add_chardev(options).has_value());
    REQUIRE(setup.add_monitor(monitor("c")).has_value());
    auto connection = connect_tcp("127.0.0.1", std::to_string(ntohs(address.sin_port)));
    REQUIRE(connection.has_value());
    TestClient{server, std::move(*connection)}.negotiate();
    const auto again = chardev("d", {.fd = std::to_string(fd), .server = true});
    CHECK(setup.add_chardev(again).error().desc == fmt::format("File descriptor '{}' is already in use", fd));
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: without server=on it connects, and serves whom it reached",
                 "[monitor]") {
    auto manager = bind_unix_listener(dir / "manager");
    REQUIRE(manager.has_value());
    REQUIRE(setup.add_chardev(chardev("c", {.path = dir / "manager"})).has_value());
    REQUIRE(setup.add_monitor(monitor("c")).has_value());
    UniqueFd accepted{::accept4(manager->fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    REQUIRE(accepted);
    TestClient{server, std::move(accepted)}.negotiate();
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: with wait=on it returns when somebody connected", "[monitor]") {
    const std::string path = dir / "q";
    std::atomic<bool> connected = false;
    UniqueFd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread thread([&] {
        const auto address = unix_socket_address(path).value();
        while (::connect(client.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            std::this_thread::yield();
        connected = true;
    });
    const auto added = setup.add_chardev(chardev("c", {.path = path, .server = true, .wait = true}));
    thread.join();
    CHECK(added.has_value());
    CHECK(connected);
    REQUIRE(setup.add_monitor(monitor("c")).has_value());
    TestClient{server, std::move(client)}.negotiate();
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: says what is wrong with a chardev", "[monitor]") {
    const auto refusal = [&](const std::string &id, const qapi::ChardevSocketOptions &socket) {
        return setup.add_chardev(chardev(id, socket)).error().desc;
    };
    const std::string path = dir / "q";
    REQUIRE(setup.add_chardev(chardev("c", listen_at(path))).has_value());
    CHECK(refusal("1c", listen_at(dir / "r")) == "Parameter 'id' expects an identifier");
    CHECK(refusal("c", listen_at(dir / "r")) == "Chardev with id 'c' already exists");
    CHECK(refusal("d", listen_at(path)) == "Failed to bind socket to " + path + ": Address already in use");
    CHECK(refusal("d", {.path = path, .host = "h", .server = true}) ==
          "None or one of 'path', 'fd' or 'host' option required.");
    CHECK(refusal("d", {.server = true}) == "chardev: socket: one of 'path', 'fd' or 'host' is needed");
    CHECK(refusal("d", {.host = "h", .server = true}) == "chardev: socket: no port given");
    CHECK(refusal("d", {.path = path, .port = "1", .server = true}) ==
          "chardev: socket: 'port' goes with 'host' only");
    CHECK(refusal("d", {.path = path, .wait = true}) ==
          "'wait' option is incompatible with socket in client connect mode");
    CHECK(refusal("d", {.fd = "0"}) == "'fd' option is incompatible with socket in client connect mode");
    CHECK(refusal("d", {.path = dir / "none"}) ==
          "Failed to connect to '" + (dir / "none") + "': No such file or directory");
    CHECK(refusal("d", {.fd = "no-such-name", .server = true}) ==
          "No socket named 'no-such-name' was passed by the service manager");
    CHECK(refusal("d", listen_at("/" + std::string(200, 'x'))) ==
          "UNIX socket path '/" + std::string(200, 'x') + "' is too long");
    REQUIRE(setup.add_chardev(chardev("d", listen_at(dir / "r"))).has_value()); // the id is still free
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: nobody there to connect to", "[monitor]") {
    const std::string path = dir / "stale";
    {
        const auto address = unix_socket_address(path).value();
        const UniqueFd stale{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(::bind(stale.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    }
    CHECK(setup.add_chardev(chardev("c", {.path = path})).error().desc ==
          "Failed to connect to '" + path + "': Connection refused");
}

TEST_CASE_METHOD(Fixture, "MonitorSetup: says what is wrong with a monitor", "[monitor]") {
    REQUIRE(setup.add_chardev(chardev("c", listen_at(dir / "q"))).has_value());
    REQUIRE(setup.add_chardev(chardev("d", listen_at(dir / "r"))).has_value());
    CHECK(setup.add_monitor(monitor("nope")).error().desc == "chardev \"nope\" not found");
    CHECK(setup.add_monitor({.chardev = "c", .mode = qapi::MonitorMode::readline}).error().desc ==
          "Only QMP is supported");
    CHECK(setup.add_monitor({.chardev = "c", .id = "-"}).error().desc ==
          "Parameter 'id' expects an identifier");
    REQUIRE(setup.add_monitor({.chardev = "c", .id = "m"}).has_value());
    CHECK(setup.add_monitor(monitor("c")).error().desc == "chardev 'c' is already in use");
    CHECK(setup.add_monitor({.chardev = "d", .id = "m"}).error().desc ==
          "Monitor with id 'm' already exists");
    CHECK(setup.add_monitor(monitor("d")).has_value());
}
