// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/take_fd.hpp"

#include "daemon/util/inherited_socket.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <array>

using namespace iothreadd;

namespace {

constexpr bool kListening = true;
constexpr bool kConnected = false;

UniqueFd new_socket(int type = SOCK_STREAM) { return UniqueFd{::socket(AF_UNIX, type, 0)}; }

/// Where nobody connects; the kernel chooses the name.
UniqueFd new_listener() {
    UniqueFd fd = new_socket();
    sockaddr address{};
    address.sa_family = AF_UNIX;
    REQUIRE(::bind(fd.get(), &address, sizeof(sa_family_t)) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    return fd;
}

/// What becomes of a descriptor.
std::string taken(UniqueFd fd, bool listening) {
    const TakeFd give = [&](std::string_view) -> Result<UniqueFd> { return std::move(fd); };
    const auto result = take_stream_socket(give, "x", listening);
    if (!result)
        return result.error().desc;
    return (::fcntl(result->get(), F_GETFL) & O_NONBLOCK) != 0 ? "non-blocking" : "blocking";
}

} // namespace

TEST_CASE("take_stream_socket: takes an inherited socket once", "[util]") {
    const UniqueFd fd = new_listener();
    const std::string number = std::to_string(fd.get());
    const auto take = [](const std::string &text) {
        return take_stream_socket(take_inherited_socket, text, kListening);
    };
    CHECK(take("abc").error().desc == "Unable to parse FD number abc");
    CHECK(take("-1").error().desc == "Unable to parse FD number -1");
    CHECK(take("3x").error().desc == "Unable to parse FD number 3x");
    CHECK(take("9999").error().desc == "File descriptor '9999' is not a socket");
    auto result = take(number);
    REQUIRE(result.has_value());
    CHECK(result->get() == fd.get());
    CHECK(take(number).error().desc == "File descriptor '" + number + "' is already in use");
    result->release();
}

TEST_CASE("take_stream_socket: takes one that listens, or one that is connected, and nothing else",
          "[util]") {
    CHECK(taken(new_listener(), kListening) == "non-blocking");
    CHECK(taken(new_listener(), kConnected) == "File descriptor 'x' is not a connected socket");
    CHECK(taken(new_socket(), kListening) == "File descriptor 'x' is not a listening socket");
    CHECK(taken(new_socket(), kConnected) == "File descriptor 'x' is not a connected socket");
    CHECK(taken(new_socket(SOCK_DGRAM), kConnected) == "File descriptor 'x' is not a connected socket");
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0);
    const UniqueFd peer{pair[0]};
    CHECK(taken(UniqueFd{pair[1]}, kConnected) == "non-blocking");
    CHECK(taken(UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, kConnected) ==
          "File descriptor 'x' is not a socket");
}
