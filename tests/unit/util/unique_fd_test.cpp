// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/eventfd.h>

using namespace iothreadd;

namespace {
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
} // namespace

TEST_CASE("UniqueFd: closes at the end of its scope, once", "[util]") {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    REQUIRE(fd >= 0);
    {
        UniqueFd owner{fd};
        UniqueFd next{std::move(owner)};
        CHECK(!owner);
        CHECK(next.get() == fd);
        CHECK(is_open(fd));
    }
    CHECK(!is_open(fd));
}

TEST_CASE("UniqueFd: release gives the descriptor away", "[util]") {
    UniqueFd owner{::eventfd(0, EFD_CLOEXEC)};
    const int fd = owner.release();
    owner.reset();
    CHECK(is_open(fd));
    ::close(fd);
}
