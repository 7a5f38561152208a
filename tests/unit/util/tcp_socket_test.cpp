// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/run_alone.hpp"
#include "daemon/util/tcp_socket.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <netinet/in.h>

using namespace iothreadd;

namespace {
Result<std::vector<UniqueFd>> listen_at(const std::string &host, const std::string &port) {
    auto listening = listen_tcp(host, port);
    return run_alone(std::move(listening)).value();
}

std::string refusal(const std::string &host, const std::string &port) {
    const auto listeners = listen_at(host, port);
    return listeners ? "nothing refused" : listeners.error().desc;
}

Result<UniqueFd> connect_to(const std::string &host, const std::string &port) {
    auto connecting = connect_tcp(host, port);
    return run_alone(std::move(connecting)).value();
}

std::string port_of(int fd) {
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr *>(&address), &length) == 0);
    return std::to_string(ntohs(address.sin_port));
}
} // namespace

TEST_CASE("listen_tcp: port 0 gives a free port that accepts", "[util]") {
    const auto listeners = listen_at("127.0.0.1", "0");
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 1);
    const int listener = listeners->front().get();
    CHECK((::fcntl(listener, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(listener, F_GETFL) & O_NONBLOCK) != 0);
    auto client = connect_to("127.0.0.1", port_of(listener));
    REQUIRE(client.has_value());
    UniqueFd accepted{::accept(listener, nullptr, nullptr)};
    CHECK(accepted);
}

TEST_CASE("listen_tcp: all addresses of a host share one port, and each accepts", "[util]") {
    const auto listeners = listen_at("several", "0");
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 2);
    const std::string port = port_of(listeners->front().get());
    CHECK(port_of(listeners->back().get()) == port);
    CHECK(connect_to("127.0.0.1", port).has_value());
    CHECK(connect_to("127.0.0.2", port).has_value());
    CHECK(refusal("127.0.0.2", port) ==
          "Failed to bind socket to 127.0.0.2:" + port + ": Address already in use");
}

TEST_CASE("listen_tcp: says why it cannot listen, and keeps nothing", "[util]") {
    const auto second = listen_at("127.0.0.2", "0");
    REQUIRE(second.has_value());
    const std::string taken = port_of(second->front().get());
    CHECK(refusal("several", taken) ==
          "Failed to bind socket to several:" + taken + ": Address already in use");
    CHECK(listen_at("127.0.0.1", taken).has_value()); // the first address is free again
    CHECK_THAT(refusal("no host name", "0"),
               Catch::Matchers::StartsWith("address resolution failed for no host name:0: "));
    CHECK(refusal("192.0.2.1", "0") ==
          "Failed to bind socket to 192.0.2.1:0: Cannot assign requested address");
}

TEST_CASE("connect_tcp: says who refused", "[util]") {
    auto listeners = listen_at("127.0.0.1", "0");
    REQUIRE(listeners.has_value());
    const std::string port = port_of(listeners->front().get());
    listeners->clear();
    CHECK(connect_to("127.0.0.1", port).error().desc ==
          "Failed to connect to '127.0.0.1:" + port + "': Connection refused");
}
