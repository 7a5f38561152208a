// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_parameters.hpp"

#include <catch2/catch.hpp>

#include <climits>

using namespace iothreadd;

namespace {
const IOThreadParameter &parameter(std::string_view name) {
    for (const IOThreadParameter &entry : iothread_parameter_table())
        if (entry.name == name)
            return entry;
    FAIL("no parameter " << name);
    return iothread_parameter_table().front();
}
} // namespace

TEST_CASE("IOThreadParameter: values in range are taken, others named with the range", "[iothread]") {
    struct Row {
        const char *name;
        std::int64_t max;
    };
    const auto row =
        GENERATE(Row{"poll-max-ns", INT64_MAX}, Row{"poll-grow", INT64_MAX}, Row{"poll-shrink", INT64_MAX},
                 Row{"poll-weight", 63}, Row{"poll-latency-weight", 1000}, Row{"aio-max-batch", INT64_MAX},
                 Row{"thread-pool-min", INT64_MAX}, Row{"thread-pool-max", INT64_MAX});
    const IOThreadParameter &entry = parameter(row.name);
    IOThreadParameters parameters;
    REQUIRE(entry.set(parameters, row.max));
    CHECK(parameters.*entry.value == row.max);

    const auto negative = entry.set(parameters, -1);
    REQUIRE(!negative);
    CHECK(negative.error().desc == fmt::format("{} value must be in range [0, {}]", row.name, row.max));
    CHECK(parameters.*entry.value == row.max);
    if (row.max < INT64_MAX)
        CHECK(!entry.set(parameters, row.max + 1));
}

TEST_CASE("IOThreadParameters: zero leaves grow, shrink and weight to the policy", "[iothread]") {
    IOThreadParameters parameters;
    for (const IOThreadParameter &entry : iothread_parameter_table()) {
        REQUIRE(entry.set(parameters, 7));
        REQUIRE(entry.set(parameters, 0));
    }
    IOThreadParameters expected{.poll_max_ns = 0,
                                .poll_grow = 2,
                                .poll_shrink = 2,
                                .poll_weight = 3,
                                .poll_latency_weight = 0,
                                .stall_limit_ns = 0,
                                .aio_max_batch = 0,
                                .thread_pool_min = 0,
                                .thread_pool_max = 0};
    CHECK(parameters.in_force() == expected);
    parameters.poll_policy = expected.poll_policy = PollRule::classic;
    expected.poll_shrink = 0; // at once
    CHECK(parameters.in_force() == expected);
}

TEST_CASE("IOThreadParameters: thread pool limits must agree", "[iothread]") {
    struct Row {
        std::int64_t min, max;
        bool good;
    };
    const auto row = GENERATE(Row{0, 1, true}, Row{64, 64, true}, Row{0, INT_MAX, true}, Row{65, 64, false},
                              Row{0, 0, false}, Row{0, INT_MAX + std::int64_t{1}, false});
    IOThreadParameters parameters;
    parameters.thread_pool_min = row.min;
    parameters.thread_pool_max = row.max;
    const auto checked = parameters.check_thread_pool();
    CHECK(checked.has_value() == row.good);
    if (!row.good)
        CHECK(checked.error().desc == "bad thread-pool-min/thread-pool-max values");
}
