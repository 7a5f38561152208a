// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/run_alone.hpp"
#include "daemon/util/tcp_socket.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <netinet/in.h>

using namespace iothreadd;

namespace {
Result<UniqueFd> bind_at(const std::string &host, const std::string &port) {
    auto binding = bind_tcp_listener(host, port);
    return run_alone(std::move(binding)).value();
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

TEST_CASE("bind_tcp_listener: port 0 gives a free port that accepts", "[util]") {
    auto listener = bind_at("127.0.0.1", "0");
    REQUIRE(listener.has_value());
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
    auto client = connect_to("127.0.0.1", port_of(listener->get()));
    REQUIRE(client.has_value());
    UniqueFd accepted{::accept(listener->get(), nullptr, nullptr)};
    CHECK(accepted);
}

TEST_CASE("bind_tcp_listener: says why it cannot listen", "[util]") {
    auto first = bind_at("127.0.0.1", "0");
    REQUIRE(first.has_value());
    const std::string taken = port_of(first->get());
    CHECK(bind_at("127.0.0.1", taken).error().desc ==
          "Failed to bind socket to 127.0.0.1:" + taken + ": Address already in use");
    CHECK_THAT(bind_at("no host name", "0").error().desc,
               Catch::Matchers::StartsWith("address resolution failed for no host name:0: "));
}

TEST_CASE("connect_tcp: says who refused", "[util]") {
    auto listener = bind_at("127.0.0.1", "0");
    REQUIRE(listener.has_value());
    const std::string port = port_of(listener->get());
    listener->reset();
    CHECK(connect_to("127.0.0.1", port).error().desc ==
          "Failed to connect to '127.0.0.1:" + port + "': Connection refused");
}
