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

struct Fixture : Qmp {
    Fixture() { write_file(path, std::string(4096, 'x')); }
    void add_fd(std::int64_t set, int flags) {
        REQUIRE(fds.add(set, UniqueFd{::open(path.c_str(), flags | O_CLOEXEC)}, {}).has_value());
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
