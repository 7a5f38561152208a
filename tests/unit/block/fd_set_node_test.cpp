// SPDX-License-Identifier: Apache-2.0
//
// Block nodes on files that a client opened.
#include "tests/unit/block/qmp_test.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <filesystem>
#include <iterator>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

std::size_t open_fds() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

qapi::BlockdevOptions file_options(const std::string &filename, bool read_only, bool direct = false) {
    qapi::BlockdevOptions options;
    options.node_name = "n0";
    options.read_only = read_only;
    options.cache.emplace().direct = direct;
    qapi::BlockdevOptionsFile file;
    file.filename = filename;
    options.u.emplace<0>() = {file};
    return options;
}

qapi::BlockdevOptions named(const std::string &name, qapi::BlockdevOptions options) {
    options.node_name = name;
    return options;
}

struct Fixture : Qmp {
    Fixture() { write_file(path, std::string(4096, 'x')); }
    void add_fd(std::int64_t set, int flags) {
        REQUIRE(fds.add(set, UniqueFd{::open(path.c_str(), flags | O_CLOEXEC)}, {}).has_value());
    }
    /// What another program is told that wants to write the image alone; "": it can.
    std::string refusal_of_others() const {
        const UniqueFd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
        FileLocks locks{fd.get(), FileLocks::Mode::on, path};
        const auto locked =
            locks.update({.held = BlockPermissions::kWrite | BlockPermissions::kConsistentRead,
                          .unshared = BlockPermissions::kConsistentRead});
        return locked ? "" : locked.error().desc;
    }
    TempDir dir;
    const std::string path = dir.file("image");
};

} // namespace

TEST_CASE_METHOD(Fixture, "FileNode: opens a file of an fd set, and gives it back", "[block][file]") {
    add_fd(3, O_RDWR | O_APPEND | O_NONBLOCK);
    const std::size_t before = open_fds();
    REQUIRE(add(file_options("/dev/fdset/3", false)) == "");
    BlockNode &node = *graph.find("n0");
    CHECK(node.info().filename == "/dev/fdset/3");
    CHECK(node.size_bytes() == 4096);
    CHECK(Loop::write(node, 512, "hello") == 0);
    CHECK(read_file(path).substr(510, 8) == "xxhellox");
    CHECK(read_file(path).size() == 4096); // not appended

    const bool removed_first = GENERATE(false, true);
    if (removed_first) {
        CHECK(fds.remove(3, {}).has_value());
        CHECK(fds.sets().contains(3));
        CHECK(Loop::read(node, 512, 5) == "hello");
    }
    REQUIRE(del("n0") == "");
    CHECK(fds.sets().contains(3) == !removed_first);
    CHECK(open_fds() == (removed_first ? before - 1 : before));
    const UniqueFd other{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    FileLocks locks{other.get(), FileLocks::Mode::on, path};
    CHECK(locks.update({.held = BlockPermissions::kWrite, .unshared = BlockPermissions::kWrite}).has_value());
}

TEST_CASE_METHOD(Fixture, "FileNode: says why a file of an fd set cannot be opened", "[block][file]") {
    add_fd(1, O_RDONLY);
    add_fd(2, O_WRONLY);
    REQUIRE(fds.add(4, UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, {}).has_value());
    const std::size_t before = open_fds();
    CHECK(add(file_options("/dev/fdset/1", false)) ==
          "Could not dup FD for /dev/fdset/1 flags 2: Permission denied");
    CHECK(add(file_options("/dev/fdset/2", true)) ==
          "Could not dup FD for /dev/fdset/2 flags 0: Permission denied");
    CHECK(add(file_options("/dev/fdset/9", true)) ==
          "Could not dup FD for /dev/fdset/9 flags 0: No such file or directory");
    CHECK(add(file_options("/dev/fdset/9", false, true)) ==
          "Could not dup FD for /dev/fdset/9 flags 4002: No such file or directory");
    CHECK(add(file_options("/dev/fdset/4", false)) ==
          "'file' driver requires '/dev/fdset/4' to be a regular file");
    CHECK(add(file_options("/dev/fdset/x", false)) == "Could not parse fdset /dev/fdset/x");
    CHECK(open_fds() == before);
    CHECK(fds.sets().size() == 3);
    REQUIRE(add(file_options("/dev/fdset/1", true)) == "");
    CHECK(del("n0") == "");
}

TEST_CASE_METHOD(Fixture, "FileNode: a file of an fd set for reading may be writable", "[block][file]") {
    add_fd(1, O_RDWR);
    REQUIRE(add(file_options("/dev/fdset/1", true)) == "");
    CHECK(graph.find("n0")->read_only());
    CHECK(Loop::read(*graph.find("n0"), 0, 3) == "xxx");
    CHECK(del("n0") == "");
}

TEST_CASE_METHOD(Fixture, "FileNode: a file of an fd set is one node's at a time", "[block][file]") {
    add_fd(1, O_RDWR);
    REQUIRE(add(file_options("/dev/fdset/1", false)) == "");
    BlockNode &node = *graph.find("n0");
    const int flags = ::fcntl(fds.sets().at(1).members[0].fd.get(), F_GETFL);
    const std::string locked = "Failed to get shared \"consistent read\" lock";
    REQUIRE(refusal_of_others() == locked);
    CHECK(add(named("n1", file_options("/dev/fdset/1", false))) ==
          "Could not dup FD for /dev/fdset/1 flags 2: Device or resource busy");
    CHECK(add(named("n1", file_options("/dev/fdset/1", true, true))) ==
          "Could not dup FD for /dev/fdset/1 flags 4000: Device or resource busy");
    CHECK(::fcntl(fds.sets().at(1).members[0].fd.get(), F_GETFL) == flags);
    CHECK(Loop::write(node, 1, "unaligned") == 0);
    CHECK(refusal_of_others() == locked);
    REQUIRE(del("n0") == "");
    CHECK(refusal_of_others() == "");
    REQUIRE(add(named("n1", file_options("/dev/fdset/1", false))) == "");
    CHECK(refusal_of_others() == locked);
    CHECK(del("n1") == "");
}

TEST_CASE_METHOD(Fixture, "FileNode: nodes on different descriptors of a set keep their locks and flags",
                 "[block][file]") {
    add_fd(1, O_RDWR);
    add_fd(1, O_RDWR);
    REQUIRE(add(named("n1", file_options("/dev/fdset/1", false, false))) == "");
    REQUIRE(add(named("n2", file_options("/dev/fdset/1", false, true))) == "");
    const auto is_direct = [&](std::size_t member) {
        return (::fcntl(fds.sets().at(1).members[member].fd.get(), F_GETFL) & O_DIRECT) != 0;
    };
    CHECK_FALSE(is_direct(0));
    CHECK(is_direct(1));
    TestUser writer;
    TestUser second;
    writer.wanted = {.held = BlockPermissions::kWrite, .unshared = BlockPermissions::kWrite};
    second.wanted = writer.wanted;
    REQUIRE(graph.find("n1")->attach(writer));
    CHECK(graph.find("n2")->attach(second).error().desc == "Failed to get \"write\" lock");
    REQUIRE(del("n2") == "");
    CHECK_FALSE(is_direct(1));
    CHECK(refusal_of_others() == "Failed to get \"write\" lock");
    graph.find("n1")->detach(writer);
    CHECK(del("n1") == "");
}

TEST_CASE_METHOD(Fixture, "FileNode: what is refused, or over, leaves the flags of a sent file as they were",
                 "[block][file]") {
    const UniqueFd sent{::open(path.c_str(), O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC)};
    const int before = ::fcntl(sent.get(), F_GETFL);
    REQUIRE(fds.add(1, UniqueFd{::dup(sent.get())}, {}).has_value());
    {
        const UniqueFd other{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
        FileLocks locks{other.get(), FileLocks::Mode::on, path};
        REQUIRE(locks.update({.unshared = BlockPermissions::kConsistentRead}));
        CHECK(add(file_options("/dev/fdset/1", false, true)) == "Failed to get \"consistent read\" lock");
        CHECK(::fcntl(sent.get(), F_GETFL) == before);
    }
    REQUIRE(add(file_options("/dev/fdset/1", false, true)) == "");
    CHECK((::fcntl(sent.get(), F_GETFL) & (O_APPEND | O_NONBLOCK | O_DIRECT)) == O_DIRECT);
    CHECK(del("n0") == "");
    CHECK(::fcntl(sent.get(), F_GETFL) == before);
    CHECK(refusal_of_others() == "");
}
