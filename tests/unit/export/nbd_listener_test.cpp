// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_listener.hpp"
#include "daemon/util/inherited_socket.hpp"
#include "daemon/util/run_alone.hpp"
#include "tests/unit/export/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

qapi::SocketAddress inet(std::string host, std::string port) {
    qapi::SocketAddress address;
    address.u.emplace<0>() = {{std::move(host), std::move(port)}};
    return address;
}

Result<std::vector<NbdListener>> listen_at(const qapi::SocketAddress &address, const TakeFd &take_fd = {}) {
    auto opening = open_nbd_listeners(address, take_fd);
    return run_alone(std::move(opening)).value();
}

std::string inet_error(const std::string &host, const std::string &port) {
    const auto listeners = listen_at(inet(host, port));
    return listeners ? "" : listeners.error().desc;
}

const qapi::InetSocketAddress &inet_of(const NbdListener &listener) {
    return std::get<0>(listener.address.u);
}

} // namespace

TEST_CASE("NbdListener: port 0 lets the kernel choose, and tells", "[nbd]") {
    const auto listeners = listen_at(inet("127.0.0.1", "0"));
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 1);
    CHECK(inet_of(listeners->front()).host == "127.0.0.1");
    const std::string port = inet_of(listeners->front()).port;
    CHECK(std::stoi(port) > 0);
    CHECK(inet_error("127.0.0.1", port) ==
          "Failed to bind socket to 127.0.0.1:" + port + ": Address already in use");
}

TEST_CASE("NbdListener: all addresses of this host share one port", "[nbd]") {
    const auto listeners = listen_at(inet("", "0"));
    REQUIRE(listeners.has_value());
    REQUIRE(!listeners->empty());
    for (const NbdListener &listener : *listeners)
        CHECK(inet_of(listener).port == inet_of(listeners->front()).port);
}

TEST_CASE("NbdListener: an IPv6 address", "[nbd]") {
    const auto listeners = listen_at(inet("::1", "0"));
    if (listeners.has_error()) // no IPv6 on this host
        CHECK(listeners.error().desc.find("Failed to bind socket to ::1:0: ") == 0);
    else
        CHECK(inet_of(listeners->front()).host == "::1");
}

TEST_CASE("NbdListener: a port is a number up to 65535 or a service", "[nbd]") {
    for (const char *const port : {"65536", "99999", "4294967296", "-1", "+1", " 1", "1 ", "", "0x10"})
        CHECK(inet_error("127.0.0.1", port) ==
              "Invalid port '" + std::string{port} + "': must be a number from 0 to 65535");
    CHECK(
        inet_error("127.0.0.1", "no-such-service").find("address resolution failed for 127.0.0.1:no-such") ==
        0);
    CHECK(inet_error("192.0.2.1", "0") ==
          "Failed to bind socket to 192.0.2.1:0: Cannot assign requested address");
}

TEST_CASE("NbdListener: a unix socket and its file", "[nbd]") {
    const TempDir dir;
    qapi::SocketAddress address;
    address.u.emplace<1>() = {{dir / "s"}};
    const auto listeners = listen_at(address);
    REQUIRE(listeners.has_value());
    CHECK(std::get<1>(listeners->front().address.u).path == dir / "s");
    CHECK(listen_at(address).error().desc ==
          "Failed to bind socket to " + (dir / "s") + ": Address already in use");
}

TEST_CASE("NbdListener: a descriptor that somebody else made", "[nbd]") {
    const TempDir dir;
    const sockaddr_un path = unix_socket_address(dir / "s").value();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM, 0)};
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr *>(&path), sizeof(path)) == 0);
    qapi::SocketAddress address;
    address.u.emplace<2>() = {{std::to_string(fd.get())}};
    const TakeFd none = [](std::string_view name) -> Result<UniqueFd> {
        return generic_error("no '{}' here", name);
    };
    CHECK(listen_at(address, none).error().desc == "no '" + std::to_string(fd.get()) + "' here");
    const TakeFd copy = [&](std::string_view) { return UniqueFd{::dup(fd.get())}; };
    CHECK(listen_at(address, copy).error().desc ==
          "File descriptor '" + std::to_string(fd.get()) + "' is not a listening socket");
    REQUIRE(::listen(fd.get(), 1) == 0);
    {
        const auto listeners = listen_at(address, take_inherited_socket);
        REQUIRE(listeners.has_value());
        fd.release();
        CHECK(std::get<1>(listeners->front().address.u).path == dir / "s");
    }
    CHECK(std::filesystem::exists(dir / "s")); // not ours to remove
}
