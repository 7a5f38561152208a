// SPDX-License-Identifier: Apache-2.0
//
// The file driver with O_DIRECT: requests that the kernel would not take as they are. The alignment is set to
// more than this machine's, so that bounce buffers are needed wherever the tests run.
#include "tests/unit/block/block_test.hpp"

#include <sys/stat.h>

#include <random>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::uint32_t kAlignment = 4096;

std::unique_ptr<FileNode> open_direct(Loop &loop, const std::string &path, bool never_use_ring = false) {
    auto file = FileNode::open({.filename = path, .direct = true}, FileLocks::Mode::off);
    REQUIRE(file);
    REQUIRE(file->image.limits.request_alignment <= kAlignment);
    BlockNodeInfo info;
    info.name = "f0";
    info.driver = "file";
    info.filename = path;
    info.cache_direct = true;
    file->image.limits = {.request_alignment = kAlignment, .min_mem_alignment = kAlignment};
    return std::make_unique<FileNode>(loop.pool, std::move(info), std::move(*file),
                                      FileNode::Options{.never_use_ring = never_use_ring});
}

struct Free {
    void operator()(char *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char, Free>;

Memory aligned_memory(std::size_t bytes) {
    return Memory(static_cast<char *>(std::aligned_alloc(kAlignment, bytes)));
}

int transfer(BlockNode &node, BlockOp op, std::uint64_t offset, char *memory, std::size_t bytes) {
    TestRequest request;
    request.op = op;
    request.offset_bytes = offset;
    request.bytes = bytes;
    request.buffers = {{memory, bytes}};
    request.iov = request.buffers;
    return Loop::run(node, request);
}

} // namespace

TEST_CASE("FileNode with O_DIRECT: takes any offset, length and memory", "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    std::string model = pattern(4 << 20);
    write_file(path, model);
    const auto node = open_direct(loop, path, engine.never_use_ring);

    unsigned seed = 100;
    for (const std::size_t offset : {0, 1, 4095, 4096, 4097, 12'288, 1'000'000})
        for (const std::size_t bytes :
             {1, 4095, 4096, 4097, 8192, 65'536, 1 << 20, (1 << 20) + 1, 2'500'000}) {
            INFO(offset << " " << bytes);
            const std::string data = pattern(bytes, ++seed);
            REQUIRE(Loop::write(*node, offset, data) == 0);
            model.replace(offset, bytes, data);
            REQUIRE(difference(Loop::read(*node, offset, bytes), data) == "");
        }
    CHECK(difference(read_file(path), model) == "");
}

TEST_CASE("FileNode with O_DIRECT: aligned memory, and memory that is not quite", "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    const std::string content = pattern(65'536);
    write_file(path, content);
    const auto node = open_direct(loop, path, engine.never_use_ring);
    const Memory memory = aligned_memory(3 * kAlignment);
    char *const at = memory.get() + GENERATE(0u, 512u, 1u);

    REQUIRE(transfer(*node, BlockOp::read, kAlignment, at, 2 * kAlignment) == 0);
    CHECK(std::string(at, 2 * kAlignment) == content.substr(kAlignment, 2 * kAlignment));
    REQUIRE(transfer(*node, BlockOp::write, 4 * kAlignment, at, 2 * kAlignment) == 0);
    CHECK(difference(read_file(path), std::string(content).replace(4 * kAlignment, 2 * kAlignment, content,
                                                                   kAlignment, 2 * kAlignment)) == "");
}

TEST_CASE("FileNode with O_DIRECT: an image that ends inside a block keeps its size", "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    const std::string content = pattern(5000);
    write_file(path, content);
    const auto node = open_direct(loop, path, engine.never_use_ring);
    REQUIRE(node->size_bytes() == 5120);
    CHECK(difference(Loop::read(*node, 0, 5120), content + std::string(120, '\0')) == "");

    SECTION("written to its end") {
        CHECK(Loop::write(*node, 4990, pattern(130, 9)) == 0);
        CHECK(difference(read_file(path), content.substr(0, 4990) + pattern(130, 9)) == "");
    }
    SECTION("written before its end") {
        CHECK(Loop::write(*node, 4097, "inside") == 0);
        CHECK(difference(Loop::read(*node, 0, 5120),
                         std::string(content).replace(4097, 6, "inside") + std::string(120, '\0')) == "");
        CHECK(std::filesystem::file_size(path) == 5120);
    }
    SECTION("grown by somebody else in the meantime: that stays") {
        const std::string grown = content + pattern(20'000, 3);
        write_file(path, grown);
        CHECK(Loop::write(*node, 4990, "inside") == 0);
        CHECK(difference(read_file(path), std::string(grown).replace(4990, 6, "inside")) == "");
    }
    SECTION("grown within its last block") {
        const std::string grown = content + pattern(1000, 3);
        write_file(path, grown);
        CHECK(Loop::write(*node, 4990, "inside") == 0);
        CHECK(difference(read_file(path), std::string(grown).replace(4990, 6, "inside")) == "");
    }
}

TEST_CASE("FileNode with O_DIRECT: neighbours within a block do not undo each other", "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, std::string(16'384, '\0'));
    const auto node = open_direct(loop, path, engine.never_use_ring);

    constexpr std::size_t kPiece = 100; // 40 and more of them share each block, some two
    std::string model = pattern(16'300);
    std::vector<TestRequest> requests(model.size() / kPiece);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        requests[i].op = BlockOp::write;
        requests[i].offset_bytes = i * kPiece;
        requests[i].bytes = kPiece;
        requests[i].buffers = {{model.data() + i * kPiece, kPiece}};
        requests[i].iov = requests[i].buffers;
        Loop::submit(*node, requests[i]);
    }
    for (TestRequest &request : requests)
        CHECK(Loop::wait(request) == 0);
    CHECK(difference(read_file(path).substr(0, model.size()), model) == "");
}

TEST_CASE("FileNode with O_DIRECT: a whole block survives partial writes from another thread",
          "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, std::string(4 * kAlignment, '\0'));
    const auto node = open_direct(loop, path, engine.never_use_ring);

    // There: the first bytes of a block, again and again. Here: whole blocks; their other bytes must stay.
    constexpr int kRounds = 300;
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    std::thread other([&] {
        const auto context = AioContext::create({.fd_monitor = engine.fd_monitor});
        if (!context) {
            ++failures;
            return;
        }
        for (unsigned round = 0; !stop; ++round)
            if (Loop::write(*node, kAlignment, pattern(10, round)) != 0)
                ++failures;
    });
    const Memory memory = aligned_memory(2 * kAlignment);
    int lost = 0;
    for (int round = 1; round <= kRounds; ++round) {
        const char fill = static_cast<char>(round);
        std::fill_n(memory.get(), 2 * kAlignment, fill);
        if (transfer(*node, BlockOp::write, kAlignment, memory.get(), 2 * kAlignment) != 0)
            ++failures;
        const std::string back = Loop::read(*node, kAlignment + 10, 2 * kAlignment - 10);
        if (back != std::string(2 * kAlignment - 10, fill))
            ++lost;
    }
    stop = true;
    other.join();
    CHECK(lost == 0);
    CHECK(failures == 0);
}

TEST_CASE("FileNode with O_DIRECT: random requests from several threads agree with a model",
          "[block][direct]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir;
    const std::string path = dir.file("image");
    constexpr std::size_t kThreads = 3, kOwn = 30'000; // each owns a range; their borders lie inside blocks
    std::string model = pattern(kThreads * kOwn + 512);
    write_file(path, model);
    const auto node = open_direct(loop, path, engine.never_use_ring);

    std::atomic<int> failures = 0;
    const auto work = [&](std::size_t thread) {
        const auto context = AioContext::create({.fd_monitor = engine.fd_monitor});
        std::mt19937 random(static_cast<unsigned>(thread));
        std::string mine(model, thread * kOwn, kOwn);
        for (unsigned round = 0; context && round < 150; ++round) {
            const std::size_t at = random() % kOwn;
            const std::size_t bytes = std::min<std::size_t>(1 + random() % 9000, kOwn - at);
            const std::string data = pattern(bytes, static_cast<unsigned>(random()));
            mine.replace(at, bytes, data);
            if (Loop::write(*node, thread * kOwn + at, data) != 0)
                ++failures;
            if (Loop::read(*node, thread * kOwn, kOwn) != mine)
                ++failures;
        }
        if (!context)
            ++failures;
        std::copy(mine.begin(), mine.end(), model.begin() + static_cast<std::ptrdiff_t>(thread * kOwn));
    };
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread)
        threads.emplace_back(work, thread);
    for (std::thread &thread : threads)
        thread.join();
    CHECK(failures == 0);
    CHECK(difference(read_file(path).substr(0, kThreads * kOwn), model.substr(0, kThreads * kOwn)) == "");
}
