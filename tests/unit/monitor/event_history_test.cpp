// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/event_history.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {

QmpEvent event(std::string name) { return {std::move(name), std::nullopt, {}}; }

} // namespace

TEST_CASE("EventHistory: numbers have no gaps, and the last events are kept", "[monitor]") {
    EventHistory history;
    CHECK(history.last_seq() == 0);
    CHECK(history.next_seq() == 1);
    for (std::size_t i = 0; i < EventHistory::kMaxEvents + 5; ++i)
        history.add(event("E" + std::to_string(i)), 100);
    CHECK(history.last_seq() == static_cast<std::int64_t>(EventHistory::kMaxEvents) + 5);
    REQUIRE(history.records().size() == EventHistory::kMaxEvents);
    CHECK(history.records().front().seq == 6);
    CHECK(history.records().front().event.name == "E5");
    CHECK(history.records().back().seq == history.last_seq());
}

TEST_CASE("EventHistory: long events push out more than one", "[monitor]") {
    EventHistory history;
    for (int i = 0; i < 10; ++i)
        history.add(event("SHORT"), 100);
    history.add(event("LONG"), EventHistory::kMaxBytes - 250);
    CHECK(history.records().size() == 3);
    history.add(event("TOO_LONG"), EventHistory::kMaxBytes + 1);
    CHECK(history.records().empty());
    CHECK(history.next_seq() == 13);
}

TEST_CASE("EventHistory: each run of the program has a name of its own", "[monitor]") {
    CHECK(EventHistory{}.instance() != EventHistory{}.instance());
    CHECK(EventHistory{}.instance().size() == 16);
}
