// SPDX-License-Identifier: Apache-2.0
//
// Discard and write-zeroes of the file driver: what is deallocated, what stays allocated, what is written.
#include "tests/unit/block/block_test.hpp"

#include <sys/vfs.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

constexpr std::size_t kPiece = 65536;
constexpr std::size_t kMiB = 1 << 20; // the chunks in which zeroes are written

bool is_tmpfs(const std::string &path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 && status.f_type == 0x01021994; // TMPFS_MAGIC
}

int write_zeroes(BlockNode &node, std::uint64_t offset, std::uint64_t bytes, bool may_unmap,
                 bool no_fallback = false, bool fua = false) {
    TestRequest request;
    request.op = BlockOp::write_zeroes;
    request.offset_bytes = offset;
    request.bytes = bytes;
    request.may_unmap = may_unmap;
    request.no_fallback = no_fallback;
    request.fua = fua;
    return Loop::run(node, request);
}

/// An image of four pieces of data, and a node on it.
struct Image {
    Image(const Engine &engine, bool unmap, bool direct = false)
        : loop(engine.fd_monitor), content(pattern(4 * kPiece)) {
        write_file(path, content);
        node = loop.open(path, {.unmap = unmap, .never_use_ring = engine.never_use_ring},
                         {.cache_direct = direct});
        REQUIRE(node->allocated_bytes() == 4 * kPiece);
    }

    std::uint64_t freed() const { return 4 * kPiece - node->allocated_bytes(); }
    std::string with_zeroes(std::size_t offset, std::size_t bytes) const {
        return std::string(content).replace(offset, bytes, std::string(bytes, '\0'));
    }

    Loop loop;
    TempDir dir;
    std::string path = dir.file("image");
    std::string content;
    std::unique_ptr<FileNode> node;
};

} // namespace

TEST_CASE("FileNode: discard deallocates with discard=unmap and does nothing without", "[block][zeroes]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool direct = GENERATE(false, true);
    const bool unmap = GENERATE(false, true);
    INFO(engine.name << (direct ? ", direct" : "") << (unmap ? ", unmap" : ""));
    Image image(engine, unmap, direct);
    CHECK(Loop::run(*image.node, BlockOp::discard, kPiece, kPiece) == 0);
    CHECK(image.freed() == (unmap ? kPiece : 0));
    CHECK(difference(read_file(image.path), (unmap ? image.with_zeroes(kPiece, kPiece) : image.content)) ==
          "");
    CHECK(std::filesystem::file_size(image.path) == 4 * kPiece);
}

TEST_CASE("FileNode: write-zeroes deallocates only with leave from both sides", "[block][zeroes]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool unmap = GENERATE(false, true);
    const bool may_unmap = GENERATE(false, true);
    INFO(engine.name << (unmap ? ", unmap" : "") << (may_unmap ? ", may_unmap" : ""));
    Image image(engine, unmap);
    CHECK(write_zeroes(*image.node, kPiece, kPiece, may_unmap, true) == 0);
    CHECK(image.freed() == (unmap && may_unmap ? kPiece : 0));
    CHECK(difference(read_file(image.path), image.with_zeroes(kPiece, kPiece)) == "");
    if (!may_unmap) { // zeroes in a hole allocate it
        REQUIRE(Loop::run(*image.node, BlockOp::discard, 2 * kPiece, kPiece) == 0);
        REQUIRE(image.freed() == (unmap ? kPiece : 0));
        CHECK(write_zeroes(*image.node, 2 * kPiece, kPiece, false) == 0);
        CHECK(image.freed() == 0);
    }
}

TEST_CASE("FileNode: write-zeroes takes any range", "[block][zeroes]") {
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    const bool direct = GENERATE(false, true);
    const bool may_unmap = GENERATE(false, true);
    Image image(engine, true, direct);
    const auto [offset, bytes] =
        GENERATE(table<std::size_t, std::size_t>({{1, 1}, {511, 2}, {1000, 10'000}, {4 * kPiece - 3, 3}}));
    CHECK(write_zeroes(*image.node, offset, bytes, may_unmap) == 0);
    CHECK(difference(Loop::read(*image.node, 0, 4 * kPiece), image.with_zeroes(offset, bytes)) == "");
}

TEST_CASE("FileNode: write-zeroes falls back to writing where the file system knows no other way",
          "[block][zeroes]") {
    if (!is_tmpfs("/dev/shm")) // it has no FALLOC_FL_ZERO_RANGE
        return;
    const Engine engine = GENERATE(from_range(std::begin(kEngines), std::end(kEngines)));
    INFO(engine.name);
    Loop loop(engine.fd_monitor);
    TempDir dir("/dev/shm");
    const std::string path = dir.file("image");
    const std::string content = pattern(3 * kMiB);
    write_file(path, content);
    const auto node = loop.open(path, {.unmap = true, .never_use_ring = engine.never_use_ring});
    const auto with_zeroes = [&](std::size_t offset, std::size_t bytes) {
        return std::string(content).replace(offset, bytes, std::string(bytes, '\0'));
    };

    SECTION("in chunks, to the byte") {
        const auto [offset, bytes] = GENERATE(table<std::size_t, std::size_t>(
            {{0, 1}, {1, 65536}, {70'000, kMiB}, {70'000, kMiB + 1}, {1, 3 * kMiB - 2}, {0, 3 * kMiB}}));
        CHECK(write_zeroes(*node, offset, bytes, false, false, GENERATE(false, true)) == 0);
        CHECK(difference(read_file(path), with_zeroes(offset, bytes)) == "");
    }
    SECTION("but not when told not to, the second time neither") {
        CHECK(write_zeroes(*node, 0, 4096, false, true) == -ENOTSUP);
        CHECK(write_zeroes(*node, 0, 4096, false, true) == -ENOTSUP);
        CHECK(difference(read_file(path), content) == "");
        CHECK(write_zeroes(*node, 0, 4096, true, true) == 0); // a hole is fast
        CHECK(difference(read_file(path), with_zeroes(0, 4096)) == "");
    }
}
