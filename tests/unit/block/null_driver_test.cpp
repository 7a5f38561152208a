// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/block_test.hpp"

#include "daemon/block/null_driver.hpp"
#include "qapi/block_core_types.hpp"

#include <chrono>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

auto open_null(Loop &loop, const qapi::BlockdevOptionsNull &options, bool read_only = false) {
    BlockNodeInfo info;
    info.name = "n0";
    info.driver = "null-co";
    info.read_only = read_only;
    return open_null_node(loop.pool, std::move(info), options);
}

} // namespace

TEST_CASE("NullNode: reads zeroes, never what was in memory", "[block][null]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    qapi::BlockdevOptionsNull options;
    options.read_zeroes =
        GENERATE(std::optional<bool>(), std::optional<bool>(false), std::optional<bool>(true));
    const auto node = open_null(loop, options);
    REQUIRE(node);
    CHECK((*node)->size_bytes() == std::uint64_t{1} << 30);
    CHECK(difference(Loop::read(**node, 12345, 100'000), std::string(100'000, '\0')) == "");
    CHECK(Loop::write(**node, 12345, "gone") == 0);
    CHECK(difference(Loop::read(**node, 12345, 4), std::string(4, '\0')) == "");
    CHECK(Loop::run(**node, BlockOp::flush) == 0);
    CHECK(Loop::run(**node, BlockOp::discard, 0, 4096) == 0);
    CHECK(Loop::run(**node, BlockOp::write_zeroes, 0, 4096) == 0);
    CHECK((*node)->allocated_bytes() == 0);
}

TEST_CASE("NullNode: has the ranges and rights of any node", "[block][null]") {
    Loop loop;
    qapi::BlockdevOptionsNull options;
    options.size = 1000;
    const auto node = open_null(loop, options, true);
    REQUIRE(node);
    CHECK((*node)->size_bytes() == 1024);
    CHECK(difference(Loop::read(**node, 1000, 24), std::string(24, '\0')) == "");
    CHECK(Loop::read(**node, 1000, 25) == "error -22");
    CHECK(Loop::write(**node, 0, "x") == -EPERM);
}

TEST_CASE("NullNode: each request takes latency-ns", "[block][null]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    qapi::BlockdevOptionsNull options;
    options.latency_ns = 2'000'000;
    const auto node = open_null(loop, options);
    REQUIRE(node);
    const auto start = std::chrono::steady_clock::now();
    std::vector<TestRequest> requests(10);
    for (TestRequest &request : requests) {
        request.op = BlockOp::flush;
        Loop::submit(**node, request);
    }
    for (TestRequest &request : requests)
        CHECK(Loop::wait(request) == 0);
    const auto passed = std::chrono::steady_clock::now() - start;
    CHECK(passed >= std::chrono::milliseconds(2)); // side by side; how much more is the machine's affair
}

TEST_CASE("NullNode: refuses sizes and latencies that cannot be", "[block][null]") {
    Loop loop;
    qapi::BlockdevOptionsNull options;
    SECTION("size") {
        options.size = GENERATE(std::int64_t{-1}, INT64_MIN, INT64_MAX, INT64_MAX - 510);
        const auto node = open_null(loop, options);
        REQUIRE(node.has_error());
        CHECK(node.error().desc == "Parameter 'size' expects a value between 0 and 9223372036854775296");
    }
    SECTION("latency") {
        options.latency_ns = GENERATE(std::uint64_t{1} << 63, UINT64_MAX);
        const auto node = open_null(loop, options);
        REQUIRE(node.has_error());
        CHECK(node.error().desc == "latency-ns is invalid");
    }
    SECTION("the limits themselves are fine") {
        options.size = GENERATE(std::int64_t{0}, INT64_MAX - 511);
        options.latency_ns = INT64_MAX;
        const auto node = open_null(loop, options);
        REQUIRE(node);
        CHECK((*node)->size_bytes() == static_cast<std::uint64_t>(*options.size));
    }
}

TEST_CASE("NullNode: its filename shows the options that matter", "[block][null]") {
    Loop loop;
    qapi::BlockdevOptionsNull options;
    CHECK((*open_null(loop, options))->info().filename == "null-co://");
    options.size = 4096;
    CHECK((*open_null(loop, options))->info().filename == R"(json:{"driver": "null-co", "size": 4096})");
    options.read_zeroes = true;
    CHECK((*open_null(loop, options))->info().filename ==
          R"(json:{"driver": "null-co", "size": 4096, "read-zeroes": true})");
}
