// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/event_throttle.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace iothreadd;
using namespace std::chrono_literals;

namespace {

constexpr std::array<EventLimit, 2> kLimits{{{"PLAIN", 1s, ""}, {"SPLIT", 2s, "id"}}};
constexpr EventThrottle::Clock::time_point kStart{1000s};

QmpEvent event(std::string_view name, Json data = Json::object()) {
    return {std::string{name}, std::move(data), std::chrono::system_clock::time_point{5s}};
}

Json numbered(int number, std::string_view id = "a") { return {{"id", id}, {"number", number}}; }

} // namespace

TEST_CASE("EventThrottle: what has no limit goes out at once", "[qmp][events]") {
    EventThrottle throttle{kLimits};
    for (int i = 0; i < 3; ++i)
        CHECK(throttle.admit(event("OTHER"), kStart));
    CHECK_FALSE(throttle.deadline());
    CHECK(throttle.flush().empty());
}

TEST_CASE("EventThrottle: the first goes out, of the rest the last at the end of the interval",
          "[qmp][events]") {
    EventThrottle throttle{kLimits};
    const auto first = throttle.admit(event("PLAIN", numbered(1)), kStart);
    REQUIRE(first);
    CHECK(first->data == numbered(1));
    CHECK_FALSE(throttle.admit(event("PLAIN", numbered(2)), kStart + 1ms));
    CHECK_FALSE(throttle.admit(event("PLAIN", numbered(3)), kStart + 999ms));
    CHECK(throttle.deadline() == kStart + 1s);
    CHECK(throttle.due(kStart + 999ms).empty());

    const auto late = throttle.due(kStart + 1s);
    REQUIRE(late.size() == 1);
    CHECK(late[0].name == "PLAIN");
    CHECK(late[0].data == numbered(3));
    CHECK(late[0].when ==
          std::chrono::system_clock::time_point{5s}); // when it happened, not when it goes out

    SECTION("which begins another interval") {
        CHECK(throttle.deadline() == kStart + 2s);
        CHECK_FALSE(throttle.admit(event("PLAIN"), kStart + 1500ms));
        CHECK(throttle.due(kStart + 2s).size() == 1);
    }
    SECTION("after an interval without any the next goes out at once") {
        CHECK(throttle.due(kStart + 2s).empty());
        CHECK_FALSE(throttle.deadline());
        CHECK(throttle.admit(event("PLAIN"), kStart + 2s));
    }
}

TEST_CASE("EventThrottle: a member splits events of one name", "[qmp][events]") {
    EventThrottle throttle{kLimits};
    CHECK(throttle.admit(event("SPLIT", numbered(1, "a")), kStart));
    CHECK(throttle.admit(event("SPLIT", numbered(2, "b")), kStart + 500ms));
    CHECK_FALSE(throttle.admit(event("SPLIT", numbered(3, "b")), kStart + 1s));
    CHECK_FALSE(throttle.admit(event("SPLIT", numbered(4, "a")), kStart + 1s));
    CHECK(throttle.deadline() == kStart + 2s);
    const auto late = throttle.due(kStart + 3s);
    REQUIRE(late.size() == 2); // in the order of their intervals
    CHECK(late[0].data == numbered(4, "a"));
    CHECK(late[1].data == numbered(3, "b"));

    SECTION("an event without it is a kind of its own") {
        CHECK(throttle.admit(event("SPLIT"), kStart + 3s));
        CHECK_FALSE(throttle.admit(event("SPLIT", {{"id", 5}}), kStart + 3s));
        QmpEvent bare{"SPLIT", std::nullopt, {}};
        CHECK_FALSE(throttle.admit(std::move(bare), kStart + 3s));
    }
}

TEST_CASE("EventThrottle: flush gives what is kept and forgets the intervals", "[qmp][events]") {
    EventThrottle throttle{kLimits};
    CHECK(throttle.admit(event("PLAIN", numbered(1)), kStart));
    CHECK_FALSE(throttle.admit(event("PLAIN", numbered(2)), kStart));
    const auto kept = throttle.flush();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].data == numbered(2));
    CHECK_FALSE(throttle.deadline());
}

TEST_CASE("EventThrottle: it remembers a limited number of kinds", "[qmp][events]") {
    EventThrottle throttle{kLimits};
    for (std::size_t i = 0; i < EventThrottle::kMaxKinds; ++i)
        REQUIRE(throttle.admit(event("SPLIT", numbered(0, std::to_string(i))), kStart));
    CHECK(throttle.admit(event("SPLIT", numbered(1, "more")), kStart));
    CHECK(throttle.admit(event("SPLIT", numbered(2, "more")), kStart)); // unlimited rather than lost
    CHECK_FALSE(throttle.admit(event("SPLIT", numbered(3, "0")), kStart));
}
