// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/pending_fds.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

using namespace iothreadd;

namespace {

/// Some descriptor, and its number.
struct Sent {
    UniqueFd fd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    int number = fd.get();
};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

} // namespace

TEST_CASE("PendingFds: a command gets what came with its bytes, once", "[monitor]") {
    PendingFds pending;
    CHECK_FALSE(pending.take(100));
    Sent sent;
    pending.add(50, std::move(sent.fd), 50);
    CHECK_FALSE(pending.take(50)); // ended before
    const UniqueFd taken = pending.take(51);
    CHECK(taken.get() == sent.number);
    CHECK_FALSE(pending.take(51));
}

TEST_CASE("PendingFds: commands that are here already get their own", "[monitor]") {
    PendingFds pending;
    Sent first, second, third;
    pending.add(0, std::move(first.fd), 0);
    pending.add(40, std::move(second.fd), 40);
    pending.add(120, std::move(third.fd), 120);
    SECTION("each takes its own") {
        CHECK(pending.take(40).get() == first.number);
        CHECK(pending.take(80).get() == second.number);
        CHECK_FALSE(pending.take(120));
        CHECK(pending.take(160).get() == third.number);
    }
    SECTION("one takes none") {
        pending.command_over(40);
        CHECK(pending.size() == 3);
        CHECK(pending.take(80).get() == second.number);
        CHECK_FALSE(is_open(first.number));
        pending.command_over(80);
        pending.command_over(120);
        CHECK(pending.take(160).get() == third.number);
        CHECK(pending.size() == 0);
    }
    SECTION("the last of several that came for one") {
        CHECK(pending.take(160).get() == third.number);
        CHECK_FALSE(is_open(first.number));
        CHECK_FALSE(is_open(second.number));
    }
}

TEST_CASE("PendingFds: what no command will take is closed", "[monitor]") {
    PendingFds pending;
    Sent first, second;
    pending.add(0, std::move(first.fd), 0);
    pending.add(10, std::move(second.fd), 0); // still the same command
    CHECK(pending.size() == 1);
    CHECK_FALSE(is_open(first.number));
    pending.clear();
    CHECK_FALSE(is_open(second.number));
}

TEST_CASE("PendingFds: keeps no more than its limit", "[monitor]") {
    PendingFds pending;
    std::vector<int> numbers;
    for (std::uint64_t i = 0; i < 100; ++i) {
        Sent sent;
        numbers.push_back(sent.number);
        pending.add(i * 10, std::move(sent.fd), i * 10); // a command ended here each time
        CHECK(pending.size() <= PendingFds::kMaxPendingFds);
    }
    CHECK(pending.size() == PendingFds::kMaxPendingFds);
    CHECK(pending.take(1000).get() == numbers.back());
    CHECK(pending.size() == 0);
}
