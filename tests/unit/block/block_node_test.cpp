// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/block_test.hpp"

#include "daemon/block/null_driver.hpp"

#include <fcntl.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

using P = BlockPermissions;

/// Somebody else who does not share writing.
class Stranger {
public:
    explicit Stranger(const std::string &path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
    bool lock(off_t byte, int type = F_RDLCK) {
        struct flock lock {};
        lock.l_type = static_cast<short>(type);
        lock.l_whence = SEEK_SET;
        lock.l_start = byte;
        lock.l_len = 1;
        return ::fcntl(fd_.get(), F_OFD_SETLK, &lock) == 0;
    }

private:
    UniqueFd fd_;
};

} // namespace

TEST_CASE("BlockNode: a request may be submitted again from its completion", "[block][node]") {
    Loop loop(GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll));
    NullNode node(loop.pool, {.name = "n0", .driver = "null-co", .filename = "", .size_bytes = 4096}, {});

    class Again final : public BlockRequest {
    public:
        explicit Again(BlockNode &target) : node_(target) {}
        void complete(int result) override {
            results += result;
            if (++rounds < 1000)
                node_.submit(*this);
        }
        int rounds = 0;
        int results = 0;

    private:
        BlockNode &node_;
    };
    Again request(node);
    request.op = BlockOp::flush;
    node.submit(request);
    while (request.rounds < 1000)
        loop.context->poll(true);
    CHECK(request.results == 0);
    CHECK_FALSE(request.in_flight());
}

TEST_CASE("BlockNode: a writer takes the write lock while it is attached", "[block][node]") {
    Loop loop;
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(512));
    const auto node = loop.open(path);
    Stranger stranger(path);
    TestUser writer;
    writer.wanted = {.held = P::kConsistentRead | P::kWrite};

    REQUIRE(stranger.lock(201)); // shares reading, not writing
    const auto refused = node->attach(writer);
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Failed to get \"write\" lock");
    CHECK_FALSE(node->has_users());
    CHECK(stranger.lock(101, F_WRLCK)); // nothing was left locked
    CHECK(stranger.lock(101, F_UNLCK));

    TestUser reader;
    reader.wanted = {.held = P::kConsistentRead};
    CHECK(node->attach(reader));
    REQUIRE(stranger.lock(201, F_UNLCK));
    CHECK(node->attach(writer));
    CHECK_FALSE(stranger.lock(101, F_WRLCK));
    node->detach(writer);
    CHECK(stranger.lock(101, F_WRLCK));
    node->detach(reader);
}

TEST_CASE("BlockNode: two nodes on one file are two openers", "[block][node]") {
    Loop loop;
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(512));
    const auto first = loop.open(path);
    const auto second = loop.open(path);
    TestUser alone, other;
    alone.wanted = {.held = P::kConsistentRead | P::kWrite, .unshared = P::kWrite};
    other.wanted = {.held = P::kConsistentRead | P::kWrite};
    REQUIRE(first->attach(alone));
    const auto refused = second->attach(other);
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Failed to get \"write\" lock");
    first->detach(alone);
    REQUIRE(second->attach(other));
    const auto shared = first->attach(alone);
    REQUIRE(shared.has_error());
    CHECK(shared.error().desc == "Failed to get shared \"write\" lock");
    second->detach(other);
}

TEST_CASE("BlockNode: opening a file that nobody may read is refused", "[block][node]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, pattern(512));
    Stranger stranger(path);
    REQUIRE(stranger.lock(200));
    const auto refused = FileNode::open({.filename = path}, FileLocks::Mode::automatic);
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Failed to get \"consistent read\" lock");
    CHECK(FileNode::open({.filename = path}, FileLocks::Mode::off));
}

TEST_CASE("BlockNode: a writer is refused on a read-only node", "[block][node]") {
    Loop loop;
    NullNode node(loop.pool, {.name = "n0", .driver = "null-co", .filename = "", .read_only = true}, {});
    TestUser writer;
    writer.wanted = {.held = P::kWrite};
    const auto refused = node.attach(writer);
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Block node is read-only");
}
