// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/chardev.hpp"
#include "daemon/util/tcp_socket.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include "qapi/char_types.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
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

struct Fixture {
    ChardevRegistry chardevs;
    TempDir dir;
};

bool is_readable(int fd) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 1;
}

UniqueFd connect_to(const std::string &path) {
    const auto address = unix_socket_address(path).value();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    return fd;
}

} // namespace

TEST_CASE_METHOD(Fixture, "Chardev: server=on listens, on a socket of its owner alone", "[monitor]") {
    const std::string path = dir / "q";
    REQUIRE(chardevs.add(chardev("c", listen_at(path))).has_value());
    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    const UniqueFd client = connect_to(path);
    REQUIRE(chardevs.find("c") != nullptr);
    CHECK(is_readable(chardevs.find("c")->listener.fd.get()));
    CHECK(chardevs.find("d") == nullptr);
}

TEST_CASE("Chardev: the files of its sockets go with it, or when listening ends", "[monitor]") {
    const TempDir dir;
    const bool stopped = GENERATE(true, false);
    {
        ChardevRegistry chardevs;
        REQUIRE(chardevs.add(chardev("c", listen_at(dir / "c"))).has_value());
        CHECK(std::filesystem::exists(dir / "c"));
        if (stopped) {
            chardevs.stop_listening();
            CHECK_FALSE(std::filesystem::exists(dir / "c"));
        }
    }
    CHECK_FALSE(std::filesystem::exists(dir / "c"));
}

TEST_CASE_METHOD(Fixture, "Chardev: listens on an inherited socket, unix or TCP", "[monitor]") {
    auto inherited = bind_tcp_listener("127.0.0.1", "0");
    REQUIRE(inherited.has_value());
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    REQUIRE(::getsockname(inherited->get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    const int fd = inherited->release();
    REQUIRE(::fcntl(fd, F_SETFD, 0) == 0); // as after an exec
    const auto options = chardev("c", {.fd = std::to_string(fd), .server = true});
    REQUIRE(chardevs.add(options).has_value());
    auto connection = connect_tcp("127.0.0.1", std::to_string(ntohs(address.sin_port)));
    REQUIRE(connection.has_value());
    CHECK(is_readable(chardevs.find("c")->listener.fd.get()));
    const auto again = chardev("d", {.fd = std::to_string(fd), .server = true});
    CHECK(chardevs.add(again).error().desc == fmt::format("File descriptor '{}' is already in use", fd));
}

TEST_CASE_METHOD(Fixture, "Chardev: without server=on it connects", "[monitor]") {
    auto manager = bind_unix_listener(dir / "manager");
    REQUIRE(manager.has_value());
    REQUIRE(chardevs.add(chardev("c", {.path = dir / "manager"})).has_value());
    CHECK(chardevs.find("c")->connection);
    CHECK(is_readable(manager->fd.get()));
}

TEST_CASE_METHOD(Fixture, "Chardev: with wait=on it returns when somebody connected", "[monitor]") {
    const std::string path = dir / "q";
    std::atomic<bool> connected = false;
    UniqueFd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::thread thread([&] {
        const auto address = unix_socket_address(path).value();
        while (::connect(client.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            std::this_thread::yield();
        connected = true;
    });
    const auto added = chardevs.add(chardev("c", {.path = path, .server = true, .wait = true}));
    thread.join();
    CHECK(added.has_value());
    CHECK(connected);
    CHECK(is_readable(chardevs.find("c")->listener.fd.get()));
}

TEST_CASE_METHOD(Fixture, "Chardev: says what is wrong with it", "[monitor]") {
    const auto refusal = [&](const std::string &id, const qapi::ChardevSocketOptions &socket) {
        return chardevs.add(chardev(id, socket)).error().desc;
    };
    const std::string path = dir / "q";
    REQUIRE(chardevs.add(chardev("c", listen_at(path))).has_value());
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
    REQUIRE(chardevs.add(chardev("d", listen_at(dir / "r"))).has_value()); // the id is still free
}

TEST_CASE_METHOD(Fixture, "Chardev: nobody there to connect to", "[monitor]") {
    const std::string path = dir / "stale";
    {
        const auto address = unix_socket_address(path).value();
        const UniqueFd stale{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(::bind(stale.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    }
    CHECK(chardevs.add(chardev("c", {.path = path})).error().desc ==
          "Failed to connect to '" + path + "': Connection refused");
}
