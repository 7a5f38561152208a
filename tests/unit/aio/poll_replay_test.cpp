// SPDX-License-Identifier: Apache-2.0
//
// The polling policies on 21 recorded sequences of arrivals, against the numbers of a simulation that was
// written independently of them. One event at a time; to handle it takes no time.
#include "daemon/aio/adaptive_poller.hpp"
#include "tests/traces/poll_trace.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <ostream>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

struct Cost {
    std::int64_t hits;
    std::int64_t cpu_ns;
    std::int64_t latency_ns;

    bool operator==(const Cost &) const = default;
};

std::ostream &operator<<(std::ostream &out, const Cost &cost) {
    return out << cost.hits << " hits, " << cost.cpu_ns << " ns CPU, " << cost.latency_ns << " ns latency";
}

constexpr BlockCost kCost;
constexpr std::int64_t kDeepSleepNs = 200'000;
constexpr std::int64_t kDeepLatencyNs = 10'700;

Cost replay(const PollTrace &trace, const PollParameters &parameters) {
    AdaptivePoller poller{parameters};
    std::vector<PollSource> sources(trace.sources());
    Cost cost{};
    std::int64_t now_ns = 0;
    for (const PollTrace::Event &event : trace.events) {
        const std::int64_t gap_ns = event.gap_ns;
        const std::int64_t budget_ns = poller.budget_ns();
        const std::int64_t enter_ns = budget_ns != 0 ? BlockCost::kPollModeNs : 0;
        std::int64_t latency_ns = BlockCost::kHitLatencyNs;
        if (gap_ns <= budget_ns) {
            ++cost.hits;
            cost.cpu_ns += BlockCost::kPollModeNs + gap_ns;
        } else {
            latency_ns = gap_ns > kDeepSleepNs ? kDeepLatencyNs : kCost.latency_ns;
            cost.cpu_ns += enter_ns + budget_ns + kCost.cpu_ns;
        }
        cost.latency_ns += latency_ns;
        now_ns += gap_ns;
        poller.fired(sources[event.source]);
        poller.observe({.ns = gap_ns + latency_ns, .gap_ns = gap_ns, .end_ns = now_ns + latency_ns});
    }
    for (PollSource &source : sources)
        poller.forget(source);
    return cost;
}

struct Expected {
    const char *trace;
    Cost classic, weighted, predictive_1, predictive_4; ///< the numbers are latency weights
};

const std::array<Expected, 21> kExpected{{
    {"steady 4 us",
     {19998, 82996287, 5010300},
     {19999, 82990842, 5005150},
     {20000, 82989433, 5000000},
     {20000, 82989433, 5000000}},
    {"steady 12 us",
     {19997, 242976460, 5015450},
     {19999, 242977312, 5005150},
     {0, 110054000, 108000000},
     {20000, 242984017, 5000000}},
    {"steady 25 us",
     {19996, 503022276, 5020600},
     {19999, 503053754, 5005150},
     {0, 110054000, 108000000},
     {20000, 503073873, 5000000}},
    {"steady 40 us",
     {0, 110000000, 108000000},
     {0, 110000000, 108000000},
     {0, 110054000, 108000000},
     {0, 110131250, 108000000}},
    {"steady 100 us",
     {0, 110000000, 108000000},
     {0, 110000000, 108000000},
     {0, 110054000, 108000000},
     {0, 110131250, 108000000}},
    {"steady 1000 us",
     {0, 110000000, 214000000},
     {0, 110000000, 214000000},
     {0, 110054000, 214000000},
     {0, 110131250, 214000000}},
    {"random 5 us",
     {19819, 103839145, 5932150},
     {16078, 106109717, 25198300},
     {19646, 103898812, 6823100},
     {19844, 103725649, 5803400}},
    {"random 20 us",
     {6712, 209522000, 73438500},
     {14772, 326768714, 31929500},
     {26, 110302618, 107871400},
     {15027, 330808873, 30616250}},
    {"random 60 us",
     {732, 150147181, 107977300},
     {5096, 392929659, 85502700},
     {4, 110107066, 111726500},
     {14, 110967820, 111675000}},
    {"random 300 us",
     {23, 117603843, 162535150},
     {249, 188923335, 161371250},
     {0, 110129600, 162653600},
     {3, 110285598, 162638150}},
    {"bursts 8 x 3 us, 300 us",
     {15000, 85082070, 44000000},
     {16250, 90677783, 37562500},
     {17500, 79203623, 31125000},
     {17500, 79219073, 31125000}},
    {"phases 8 us, 900 us",
     {16361, 155144431, 31123750},
     {14380, 153825272, 41325900},
     {16402, 156672279, 30912600},
     {17548, 160383763, 25010700}},
    {"Pareto 1.3, 3 us",
     {15993, 156835009, 26150150},
     {16804, 152273275, 21973500},
     {17023, 151594393, 20845650},
     {18646, 163602653, 12487200}},
    {"lognormal 12 us",
     {5712, 182753515, 81757900},
     {12629, 295338583, 46135350},
     {38, 110277975, 110979000},
     {10484, 246929916, 57182100}},
    {"request 5 us, device 80 us",
     {9998, 264742010, 56510300},
     {4162, 218837069, 86565700},
     {9992, 106379555, 56541200},
     {9992, 106431711, 56541200}},
    {"request 10 us, device 18 us",
     {19994, 282842414, 5030900},
     {14696, 298619083, 32315600},
     {7392, 145174941, 69931200},
     {19907, 283287850, 5478950}},
    {"random 15 us and 400 us",
     {15248, 247165396, 29472800},
     {15285, 248606723, 29282250},
     {145, 111644732, 107253250},
     {17755, 270794810, 16561750}},
    {"random 150 us twice",
     {774, 167446248, 111884400},
     {2753, 308053705, 101692550},
     {2, 110240509, 115860200},
     {11, 110760034, 115813850}},
    {"2 devices, 20 us, 90 us",
     {10843, 355174648, 52158550},
     {6796, 268494522, 73000600},
     {47, 110838363, 107757950},
     {8804, 194804720, 62659400}},
    {"4 devices, 40 us, 120 us",
     {15326, 341876084, 29071100},
     {9033, 249583963, 61480050},
     {87, 111319095, 107551950},
     {10632, 240587994, 53245200}},
    {"16 devices, 60 us, 200 us",
     {19601, 164357039, 7054850},
     {13609, 147999982, 37913650},
     {17886, 160223061, 15887100},
     {19453, 164196692, 7817050}},
}};

} // namespace

TEST_CASE("PollPolicy: costs on recorded arrivals what the simulation says", "[aio][poller]") {
    const auto traces = load_poll_traces();
    REQUIRE(traces.size() == kExpected.size());
    for (std::size_t i = 0; i < traces.size(); ++i) {
        const Expected &expected = kExpected[i];
        CAPTURE(expected.trace);
        REQUIRE(traces[i].name == expected.trace);
        CHECK(replay(traces[i], {.rule = PollRule::classic}) == expected.classic);
        CHECK(replay(traces[i], {.rule = PollRule::weighted}) == expected.weighted);
        CHECK(replay(traces[i], {.rule = PollRule::predictive, .latency_weight = 1}) ==
              expected.predictive_1);
        CHECK(replay(traces[i], {.rule = PollRule::predictive, .latency_weight = 4}) ==
              expected.predictive_4);
    }
}
