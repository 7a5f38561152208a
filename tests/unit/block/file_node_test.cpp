// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/block_test.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <numeric>

using namespace iothreadd;
using namespace iothreadd::test;

TEST_CASE("FileNode: reads back what was written, at any offset and length", "[block][file]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    std::string model(1 << 20, '\0');
    write_file(path, model);
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring});
    CHECK(node->size_bytes() == model.size());

    unsigned seed = 0;
    for (const std::size_t offset : {0, 1, 511, 4096, 65535, 1 << 19})
        for (const std::size_t bytes : {1, 511, 512, 4097, 131072}) {
            const std::string data = pattern(bytes, ++seed);
            REQUIRE(Loop::write(*node, offset, data) == 0);
            model.replace(offset, bytes, data);
            REQUIRE(difference(Loop::read(*node, offset, bytes), data) == "");
        }
    CHECK(difference(Loop::read(*node, 0, model.size()), model) == "");
    CHECK(Loop::run(*node, BlockOp::flush) == 0);
    CHECK(difference(read_file(path), model) == "");
}

TEST_CASE("FileNode: scattered buffers, more than one call takes", "[block][file]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, std::string(1 << 20, '\0'));
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring});

    std::string data = pattern(100'000);
    TestRequest request;
    const auto scatter = [&](std::string &memory) {
        request.buffers.clear();
        for (std::size_t at = 0, length = 0; at < memory.size(); at += length) {
            length = std::min<std::size_t>(request.buffers.size() % 70, memory.size() - at); // empty ones too
            request.buffers.push_back({memory.data() + at, length});
        }
        request.buffers.push_back({nullptr, 0});
        request.iov = request.buffers;
        request.bytes = memory.size();
    };
    request.op = BlockOp::write;
    request.offset_bytes = 777;
    scatter(data);
    REQUIRE(request.buffers.size() > 2048);
    REQUIRE(Loop::run(*node, request) == 0);
    CHECK(difference(read_file(path).substr(777, data.size()), data) == "");

    std::string back(data.size(), '!');
    request.op = BlockOp::read;
    scatter(back);
    REQUIRE(Loop::run(*node, request) == 0); // the same request again
    CHECK(difference(back, data) == "");
}

TEST_CASE("FileNode: many requests in flight at once", "[block][file]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, std::string(1 << 20, '\0'));
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring});

    constexpr std::size_t kBytes = 4096;
    std::vector<std::string> data;
    std::vector<TestRequest> requests(256);
    for (std::size_t i = 0; i < requests.size(); ++i)
        data.push_back(pattern(kBytes, static_cast<unsigned>(i)));
    for (std::size_t i = 0; i < requests.size(); ++i) {
        requests[i].op = BlockOp::write;
        requests[i].offset_bytes = i * kBytes;
        requests[i].bytes = kBytes;
        requests[i].buffers = {{data[i].data(), kBytes}};
        requests[i].iov = requests[i].buffers;
        Loop::submit(*node, requests[i]);
        CHECK(requests[i].in_flight());
    }
    for (TestRequest &request : requests) {
        CHECK(Loop::wait(request) == 0);
        CHECK_FALSE(request.in_flight());
    }
    CHECK(difference(read_file(path), std::accumulate(data.begin(), data.end(), std::string())) == "");
}

TEST_CASE("FileNode: the last sector of an odd file reads as zeroes and can be written", "[block][file]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool direct = GENERATE(false, true);
    INFO(engine.name << (direct ? ", direct" : ""));
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    const std::string content = pattern(1000);
    write_file(path, content);
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring}, {.cache_direct = direct});
    REQUIRE(node->size_bytes() == 1024);
    CHECK(difference(Loop::read(*node, 0, 1024), content + std::string(24, '\0')) == "");
    CHECK(difference(Loop::read(*node, 999, 2), content.substr(999) + std::string(1, '\0')) == "");
    CHECK(difference(Loop::read(*node, 1001, 23), std::string(23, '\0')) == "");
    CHECK(std::filesystem::file_size(path) == 1000);

    CHECK(Loop::write(*node, 1010, "tail") == 0);
    CHECK(difference(Loop::read(*node, 990, 34),
                     content.substr(990) + std::string(10, '\0') + "tail" + std::string(10, '\0')) == "");
    CHECK(std::filesystem::file_size(path) <= 1024);
    CHECK(Loop::write(*node, 512, pattern(512, 7)) == 0);
    CHECK(difference(read_file(path), content.substr(0, 512) + pattern(512, 7)) == "");
}

TEST_CASE("FileNode: a file truncated under us reads as zeroes", "[block][file]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool direct = GENERATE(false, true);
    INFO(engine.name << (direct ? ", direct" : ""));
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    const std::string content = pattern(65536);
    write_file(path, content);
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring}, {.cache_direct = direct});

    std::filesystem::resize_file(path, 10'000);
    CHECK(difference(Loop::read(*node, 0, 65536), content.substr(0, 10'000) + std::string(55'536, '\0')) ==
          "");
    CHECK(difference(Loop::read(*node, 9'999, 3), content.substr(9'999, 1) + std::string(2, '\0')) == "");
    CHECK(difference(Loop::read(*node, 32768, 512), std::string(512, '\0')) == "");
    CHECK(Loop::write(*node, 40'960, "there again") == 0);
    CHECK(difference(Loop::read(*node, 40'950, 21), std::string(10, '\0') + "there again") == "");
    std::filesystem::resize_file(path, 0);
    CHECK(difference(Loop::read(*node, 0, 65536), std::string(65536, '\0')) == "");
}

namespace {
constexpr std::uint64_t kHuge = UINT64_MAX;
} // namespace

TEST_CASE("FileNode: refuses what lies outside and changes nothing", "[block][file]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    TempDir dir;
    const std::string path = dir.file("image");
    const std::string content = pattern(4096);
    write_file(path, content);
    const auto node = loop.open(path, {.unmap = true});

    const auto [offset, bytes] = GENERATE(table<std::uint64_t, std::uint64_t>({{0, 4097},
                                                                               {4096, 1},
                                                                               {4095, 2},
                                                                               {4097, 0},
                                                                               {kHuge, 1},
                                                                               {kHuge, 0},
                                                                               {1, kHuge},
                                                                               {kHuge, kHuge},
                                                                               {INT64_MAX, INT64_MAX}}));
    CHECK(Loop::run(*node, BlockOp::read, offset, bytes) == -EINVAL);
    CHECK(Loop::run(*node, BlockOp::discard, offset, bytes) == -EINVAL);
    CHECK(Loop::run(*node, BlockOp::write, offset, bytes) == -ENOSPC);
    CHECK(Loop::run(*node, BlockOp::write_zeroes, offset, bytes) == -ENOSPC);
    CHECK(difference(read_file(path), content) == "");
}

TEST_CASE("FileNode: nothing to do is done", "[block][file]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(4096));
    const auto node = loop.open(path, {.unmap = true}, {.cache_direct = GENERATE(false, true)});
    const BlockOp op = GENERATE(BlockOp::read, BlockOp::write, BlockOp::discard, BlockOp::write_zeroes);
    CHECK(Loop::run(*node, op, GENERATE(0, 7, 4096), 0) == 0);
    CHECK(difference(read_file(path), pattern(4096)) == "");
}

TEST_CASE("FileNode: a read-only node is not changed", "[block][file]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(4096));
    const auto node = loop.open(path, {.unmap = true}, {.read_only = true});
    CHECK(node->read_only());
    CHECK(Loop::write(*node, 0, "x") == -EPERM);
    CHECK(Loop::run(*node, BlockOp::discard, 0, 512) == -EPERM);
    CHECK(Loop::run(*node, BlockOp::write_zeroes, 0, 512) == -EPERM);
    CHECK(Loop::write(*node, 4096, "x") == -EPERM); // sooner than the range
    CHECK(Loop::run(*node, BlockOp::flush) == 0);
    CHECK(difference(Loop::read(*node, 0, 4096), pattern(4096)) == "");
}

TEST_CASE("FileNode: knows how much the image takes up", "[block][file]") {
    Loop loop;
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "");
    std::filesystem::resize_file(path, 1 << 20);
    const auto node = loop.open(path);
    CHECK(node->allocated_bytes() == 0);
    REQUIRE(Loop::write(*node, 0, pattern(65536)) == 0);
    REQUIRE(Loop::run(*node, BlockOp::flush) == 0);
    CHECK(node->allocated_bytes() == 65536);
}

TEST_CASE("FileNode: leaves no descriptor behind", "[block][file]") {
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    Loop loop;
    TempDir dir;
    write_file(dir.file("image"), pattern(4096));
    const auto before = descriptors();
    {
        const auto node = loop.open(dir.file("image"));
        CHECK(descriptors() == before + 1);
    }
    CHECK(descriptors() == before);
}
