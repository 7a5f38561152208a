// SPDX-License-Identifier: Apache-2.0
//
// The file driver when the kernel does less than it was asked for, or refuses.
#include "tests/unit/block/block_test.hpp"
#include "tests/unit/block/syscall_faults.hpp"

#include <sys/resource.h>

#include <csignal>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

/// No file of this process may grow past `bytes`, for a while.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit limit{bytes, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit &) = delete;
    FileSizeLimit &operator=(const FileSizeLimit &) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

/// A node whose system calls can be made to fail.
struct Image {
    explicit Image(BlockNodeInfo info = {}) : content(pattern(20'000)) {
        write_file(path, content);
        node = loop.open(path, {.unmap = true, .never_use_ring = true}, info);
    }

    Loop loop;
    TempDir dir;
    std::string path = dir.file("image");
    std::string content;
    std::unique_ptr<FileNode> node;
};

} // namespace

TEST_CASE("FileNode: a write that stops half-way fails, it does not go round for ever", "[block][faults]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool direct = GENERATE(false, true);
    INFO(engine.name << (direct ? ", direct" : ""));
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "");
    std::filesystem::resize_file(path, 65'536);
    const auto node = loop.open(path, {.never_use_ring = engine.never_use_ring}, {.cache_direct = direct});
    std::filesystem::resize_file(path, 0); // so that a write has to extend it again
    const FileSizeLimit limit(direct ? 20'480 : 20'000);
    CHECK(Loop::write(*node, 0, pattern(65'536)) == -EFBIG);
    CHECK(Loop::write(*node, 40'960, pattern(512)) == -EFBIG);
    CHECK(Loop::write(*node, 0, pattern(4096, 5)) == 0);
    CHECK(difference(Loop::read(*node, 0, 4096), pattern(4096, 5)) == "");
}

TEST_CASE("FileNode: goes on after short transfers", "[block][faults]") {
    Image image;
    FaultScope scope;
    scope.most_bytes = 700;
    CHECK(difference(Loop::read(*image.node, 10, 18'000), image.content.substr(10, 18'000)) == "");
    CHECK(scope.transfers >= 18'000 / 700);
    CHECK(Loop::write(*image.node, 99, pattern(10'000, 4)) == 0);
    CHECK(difference(read_file(image.path),
                     std::string(image.content).replace(99, 10'000, pattern(10'000, 4))) == "");
}

TEST_CASE("FileNode: goes on in whole blocks with O_DIRECT", "[block][faults]") {
    Image image({.cache_direct = true});
    FaultScope scope;
    scope.most_bytes = static_cast<long>(image.node->request_alignment()) + 100;
    CHECK(difference(Loop::read(*image.node, 10, 18'000), image.content.substr(10, 18'000)) == "");
    CHECK(Loop::write(*image.node, 99, pattern(10'000, 4)) == 0);
    scope.most_bytes = LONG_MAX;
    CHECK(difference(read_file(image.path),
                     std::string(image.content).replace(99, 10'000, pattern(10'000, 4))) == "");
}

TEST_CASE("FileNode: repeats what was interrupted or put off", "[block][faults]") {
    Image image;
    FaultScope scope;
    scope.interruption = GENERATE(EINTR, EAGAIN);
    scope.interruptions = 20;
    CHECK(difference(Loop::read(*image.node, 0, 1000), image.content.substr(0, 1000)) == "");
    scope.interruptions = 20;
    CHECK(Loop::write(*image.node, 0, pattern(1000, 2)) == 0);
    CHECK(difference(Loop::read(*image.node, 0, 1000), pattern(1000, 2)) == "");
}

TEST_CASE("FileNode: but not for ever", "[block][faults]") {
    Image image;
    FaultScope scope;
    scope.interruption = EAGAIN;
    scope.interruptions = INT_MAX;
    CHECK(Loop::read(*image.node, 0, 1000) == "error -5");
    CHECK(Loop::write(*image.node, 0, "x") == -EIO);
}

TEST_CASE("FileNode: hands the kernel's refusal on", "[block][faults]") {
    Image image;
    FaultScope scope;
    const auto [error, expected] =
        GENERATE(table<int, int>({{EIO, -EIO}, {ENOSPC, -ENOSPC}, {EDOM, -ENOSPC}}));
    scope.write_error = error; // EDOM: the call takes nothing
    CHECK(Loop::write(*image.node, 0, "x") == expected);
    CHECK(difference(Loop::read(*image.node, 0, 1), image.content.substr(0, 1)) == "");
}

TEST_CASE("FileNode: flush is fdatasync, FUA is a durable write", "[block][faults]") {
    const bool direct = GENERATE(false, true);
    Image image({.cache_direct = direct});
    FaultScope scope;
    CHECK(Loop::write(*image.node, 0, pattern(8192)) == 0);
    CHECK(scope.durable_writes == 0);
    CHECK(scope.syncs == 0);
    CHECK(Loop::write(*image.node, 3, pattern(9), true) == 0);
    CHECK(scope.durable_writes == 1);
    CHECK(scope.syncs == 0);
    CHECK(Loop::run(*image.node, BlockOp::flush) == 0);
    CHECK(scope.syncs == 1);

    TestRequest request;
    request.op = GENERATE(BlockOp::discard, BlockOp::write_zeroes);
    request.bytes = 4096;
    request.fua = true;
    CHECK(Loop::run(*image.node, request) == 0);
    CHECK(scope.syncs == 2);
}

TEST_CASE("FileNode: cache.no-flush neither flushes nor writes durably", "[block][faults]") {
    Image image({.cache_no_flush = true});
    FaultScope scope;
    CHECK(Loop::write(*image.node, 0, "x", true) == 0);
    CHECK(Loop::run(*image.node, BlockOp::flush) == 0);
    TestRequest request;
    request.op = BlockOp::discard;
    request.bytes = 4096;
    request.fua = true;
    CHECK(Loop::run(*image.node, request) == 0);
    CHECK(scope.durable_writes == 0);
    CHECK(scope.syncs == 0);
}

TEST_CASE("FileNode: a page cache that could not be written stays suspect", "[block][faults]") {
    const bool direct = GENERATE(false, true);
    Image image({.cache_direct = direct});
    FaultScope scope;
    SECTION("found by a flush") {
        scope.sync_error = ENOSPC;
        CHECK(Loop::run(*image.node, BlockOp::flush) == -ENOSPC);
        scope.sync_error = 0;
        CHECK(Loop::run(*image.node, BlockOp::flush) == (direct ? 0 : -ENOSPC));
    }
    SECTION("found by a durable write") {
        scope.write_error = EIO;
        CHECK(Loop::write(*image.node, 0, "x", true) == -EIO);
        scope.write_error = 0;
        CHECK(Loop::run(*image.node, BlockOp::flush) == (direct ? 0 : -EIO));
    }
    CHECK(Loop::write(*image.node, 0, "y") == 0); // what is new is accepted
}
