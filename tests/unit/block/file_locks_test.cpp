// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/block_test.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

using P = BlockPermissions;

/// Whether `byte` is locked, seen from another process.
bool locked(const std::string &path, off_t byte) {
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = byte;
        lock.l_len = 1;
        ::fcntl(fd, F_OFD_GETLK, &lock);
        ::_exit(lock.l_type == F_UNLCK ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
}

/// Which of the bytes of the lock protocol are locked.
std::vector<off_t> locked_bytes(const std::string &path) {
    std::vector<off_t> bytes;
    for (const off_t base : {100, 200})
        for (off_t bit = 0; bit < P::kCount; ++bit)
            if (locked(path, base + bit))
                bytes.push_back(base + bit);
    return bytes;
}

class Opened {
public:
    explicit Opened(const std::string &path, FileLocks::Mode mode = FileLocks::Mode::on, int flags = O_RDWR)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC)), locks(fd_.get(), mode, path) {}

private:
    UniqueFd fd_;

public:
    FileLocks locks;
};

} // namespace

TEST_CASE("FileLocks: holds one byte per permission and per unshared permission", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    Opened image(path);
    REQUIRE(image.locks.update({P::kConsistentRead | P::kWrite, P::kResize}));
    CHECK(locked_bytes(path) == std::vector<off_t>{100, 101, 203});
    REQUIRE(image.locks.update({P::kConsistentRead, 0}));
    CHECK(locked_bytes(path) == std::vector<off_t>{100});
    REQUIRE(image.locks.update({}));
    CHECK(locked_bytes(path).empty());
}

TEST_CASE("FileLocks: refuses what another opener does not share", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    Opened other(path);
    Opened image(path);
    REQUIRE(image.locks.update({P::kConsistentRead, 0}));

    struct Case {
        P others, wanted;
        std::string desc;
    };
    const Case c = GENERATE(values<Case>({
        {{0, P::kWrite}, {P::kConsistentRead | P::kWrite, 0}, "Failed to get \"write\" lock"},
        {{0, P::kWriteUnchanged}, {P::kWriteUnchanged, 0}, "Failed to get \"write unchanged\" lock"},
        {{0, P::kResize}, {P::kResize, 0}, "Failed to get \"resize\" lock"},
        {{P::kWrite, 0}, {P::kConsistentRead, P::kWrite}, "Failed to get shared \"write\" lock"},
        {{P::kResize, 0}, {P::kWrite, P::kResize}, "Failed to get shared \"resize\" lock"},
    }));
    REQUIRE(other.locks.update(c.others));
    const std::vector<off_t> before = locked_bytes(path);
    const auto refused = image.locks.update(c.wanted);
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == c.desc);
    CHECK(refused.error().hint == "Is another process using the image [" + path + "]?");
    CHECK(locked_bytes(path) == before); // nothing left behind, nothing lost

    REQUIRE(other.locks.update({}));
    CHECK(image.locks.update(c.wanted));
}

TEST_CASE("FileLocks: a reader is refused where reading is not shared", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    Opened other(path);
    REQUIRE(other.locks.update({0, P::kConsistentRead}));
    Opened image(path, FileLocks::Mode::automatic, O_RDONLY);
    const auto refused = image.locks.update({P::kConsistentRead, 0});
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Failed to get \"consistent read\" lock");
}

TEST_CASE("FileLocks: a foreign exclusive lock is named by its byte", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    const UniqueFd foreign(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    REQUIRE(::fcntl(foreign.get(), F_OFD_SETLK, &whole) == 0);
    Opened image(path, GENERATE(FileLocks::Mode::automatic, FileLocks::Mode::on));
    const auto refused = image.locks.update({P::kConsistentRead, 0});
    REQUIRE(refused.has_error());
    CHECK(refused.error().desc == "Failed to lock byte 100");
}

TEST_CASE("FileLocks: locks nothing and asks nobody when it is off", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    Opened other(path);
    REQUIRE(other.locks.update({0, P::kWrite}));
    Opened image(path, FileLocks::Mode::off);
    CHECK(image.locks.update({P::kWrite, 0}));
    CHECK(locked_bytes(path) == std::vector<off_t>{201});
}

TEST_CASE("FileLocks: sharing is fine for any number of openers", "[block][locks]") {
    TempDir dir;
    const std::string path = dir.file("image");
    write_file(path, "x");
    Opened first(path), second(path);
    const P writer{P::kConsistentRead | P::kWrite, P::kResize};
    CHECK(first.locks.update(writer));
    CHECK(second.locks.update(writer));
}
