// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/fd_store.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <limits>

using namespace iothreadd;

namespace {

std::size_t open_fds() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

UniqueFd null(int flags = O_RDWR) { return UniqueFd{::open("/dev/null", flags | O_CLOEXEC)}; }

/// Let a system call fail in this process from now on.
void forbid(long number) {
    std::array<sock_filter, 4> steps{
        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{.len = steps.size(), .filter = steps.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        ::_exit(2);
}

int access_of(int fd) { return ::fcntl(fd, F_GETFL) & O_ACCMODE; }

std::vector<std::int64_t> set_ids(const FdStore &store) {
    std::vector<std::int64_t> ids;
    for (const auto &[id, set] : store.sets())
        ids.push_back(id);
    return ids;
}

} // namespace

TEST_CASE("FdStore: a name is given away once, to its own monitor", "[util]") {
    const std::size_t before = open_fds();
    FdStore store;
    UniqueFd fd = null();
    const int number = fd.get();
    REQUIRE(store.keep("m", "a", std::move(fd)).has_value());
    CHECK(store.take("other", "a").error().desc == "File descriptor named 'a' has not been found");
    CHECK(store.close("other", "a").error().desc == "File descriptor named 'a' not found");
    const TakeFd take = store.taker("m");
    CHECK(take("a").value().get() == number);
    CHECK(take("a").error().desc == "File descriptor named 'a' has not been found");
    CHECK(open_fds() == before);
}

TEST_CASE("FdStore: a name that comes again replaces the old one, and nothing leaks", "[util]") {
    const std::size_t before = open_fds();
    {
        FdStore store;
        REQUIRE(store.keep("m", "", null()).has_value()); // any name but one that starts with a digit
        REQUIRE(store.keep("m", "a", null()).has_value());
        REQUIRE(store.keep("m", "a", null()).has_value());
        REQUIRE(store.keep("n", "a", null()).has_value());
        CHECK(open_fds() == before + 3);
        CHECK(store.keep("m", "1a", null()).error().desc ==
              "Parameter 'fdname' expects a name not starting with a digit");
        CHECK(store.close("m", "").has_value());
        CHECK(open_fds() == before + 2);
        store.forget_monitor("m");
        CHECK(open_fds() == before + 1);
        CHECK(store.close("n", "a").has_value());
        REQUIRE(store.keep("n", "left", null()).has_value());
    }
    CHECK(open_fds() == before);
}

TEST_CASE("FdStore: what is too much is refused and closed", "[util]") {
    FdStore store;
    const std::string longest(FdStore::kMaxFdTextBytes, 'x');
    REQUIRE(store.keep("m", longest, null()).has_value());
    REQUIRE(store.add({}, null(), longest).has_value());
    for (std::size_t i = 1; i < FdStore::kMaxNamedFds; ++i)
        REQUIRE(store.keep("m", fmt::format("n{}", i), null()).has_value());
    for (std::size_t i = 1; i < FdStore::kMaxFdsInSets; ++i)
        REQUIRE(store.add(static_cast<std::int64_t>(i % 3), null(), {}).has_value());
    const std::size_t before = open_fds();
    CHECK(store.keep("other", "n", null()).error().desc ==
          "Too many file descriptors, at most 256 can have a name");
    CHECK(store.add({}, null(), {}).error().desc ==
          "Too many file descriptors, at most 256 can be in fd sets");
    CHECK(store.keep("m", longest + "x", null()).error().desc ==
          "Parameter 'fdname' is too long, at most 4096 bytes can be kept");
    CHECK(store.add({}, null(), longest + "x").error().desc ==
          "Parameter 'opaque' is too long, at most 4096 bytes can be kept");
    CHECK(open_fds() == before);
    CHECK(set_ids(store) == std::vector<std::int64_t>{2, 1, 0});
    CHECK(store.keep("m", "n1", null()).has_value()); // takes the place of another
    CHECK(open_fds() == before);
}

TEST_CASE("FdStore: sets are numbered from the lowest free number and listed from the largest", "[util]") {
    FdStore store;
    CHECK(store.add(1, null(), "one").value().set == 1);
    CHECK(store.add({}, null(), {}).value().set == 0);
    CHECK(store.add({}, null(), {}).value().set == 2);
    const FdStore::Place place = store.add(1, null(), {}).value();
    CHECK(set_ids(store) == std::vector<std::int64_t>{2, 1, 0});
    const auto &members = store.sets().at(1).members;
    REQUIRE(members.size() == 2);
    CHECK(members[0].opaque == "one");
    CHECK_FALSE(members[1].opaque);
    CHECK(members[1].fd.get() == place.fd);
    CHECK(store.add(-1, null(), {}).error().desc == "Parameter 'fdset-id' expects a non-negative value");
    CHECK(store.add(std::numeric_limits<std::int64_t>::max(), null(), {}).has_value());
}

TEST_CASE("FdStore: one descriptor of a set is removed, or all", "[util]") {
    FdStore store;
    const int first = store.add(3, null(), {}).value().fd;
    REQUIRE(store.add(3, null(), {}).has_value());
    REQUIRE(store.add(3, null(), {}).has_value());
    CHECK(store.remove(4, {}).error().desc == "File descriptor named 'fdset-id:4' not found");
    CHECK(store.remove(-1, {}).error().desc == "File descriptor named 'fdset-id:-1' not found");
    CHECK(store.remove(3, 999).error().desc == "File descriptor named 'fdset-id:3, fd:999' not found");
    CHECK(store.remove(3, first).has_value());
    CHECK(store.remove(3, first).has_error());
    CHECK(store.sets().at(3).members.size() == 2);
    CHECK(store.remove(3, {}).has_value());
    CHECK(store.sets().empty());
}

TEST_CASE("FdStore: the duplicate is one whose access mode fits", "[util]") {
    FdStore store;
    REQUIRE(store.add(1, null(O_RDWR), {}).has_value());
    REQUIRE(store.add(1, null(O_RDONLY), {}).has_value());
    REQUIRE(store.add(2, null(O_RDWR), {}).has_value());
    REQUIRE(store.add(3, null(O_RDONLY), {}).has_value());
    REQUIRE(store.add(4, null(O_PATH), {}).has_value());
    const auto access = [&](const char *path, int wanted) {
        const FdSetFile file = store.duplicate(path, wanted);
        CHECK((file.error == 0) == static_cast<bool>(file.fd));
        return file.fd ? access_of(file.fd.get()) : -file.error;
    };
    CHECK(access("/dev/fdset/1", O_RDONLY) == O_RDONLY);
    CHECK(access("/dev/fdset/1", O_RDWR) == O_RDWR);
    CHECK(access("/dev/fdset/1", O_WRONLY) == O_RDWR);
    CHECK(access("/dev/fdset/2", O_RDONLY) == O_RDWR);
    CHECK(access("/dev/fdset/3", O_RDWR) == -EACCES);
    CHECK(access("/dev/fdset/4", O_RDONLY) == -EACCES);
    CHECK(access("/dev/fdset/5", O_RDONLY) == -ENOENT);
    for (const char *const wrong : {"/dev/fdset/", "/dev/fdset/-1", "/dev/fdset/+1", "/dev/fdset/1x",
                                    "/dev/fdset/ 1", "/dev/fdset/1/", "/dev/fdset/99999999999999999999"}) {
        CHECK(access(wrong, O_RDONLY) == -EINVAL);
        CHECK_FALSE(FdStore::set_of(wrong));
    }
    CHECK_FALSE(FdStore::is_set_path("/dev/fdset"));
    CHECK_FALSE(FdStore::set_of("/dev/null"));
    CHECK(FdStore::set_of("/dev/fdset/07") == 7);
}

TEST_CASE("FdStore: a descriptor has one user at a time", "[util]") {
    FdStore store;
    const auto opened = [&](int access, const char *path = "/dev/fdset/1") {
        return store.duplicate(path, access);
    };
    REQUIRE(store.add(1, null(), {}).has_value());
    FdSetFile first = opened(O_RDWR);
    REQUIRE(first.fd);

    SECTION("the next one is refused until it is gone") {
        CHECK(opened(O_RDWR).error == EBUSY);
        CHECK(opened(O_RDONLY).error == EBUSY);
        first = {};
        CHECK(opened(O_RDONLY).error == 0);
        CHECK(opened(O_RDWR).error == 0);
    }
    SECTION("or takes another one that fits") {
        REQUIRE(store.add(1, null(O_RDONLY), {}).has_value());
        CHECK(opened(O_RDWR).error == EBUSY);
        const FdSetFile reader = opened(O_RDONLY);
        CHECK(access_of(reader.fd.get()) == O_RDONLY);
        CHECK(opened(O_RDONLY).error == EBUSY);
        REQUIRE(store.add(1, null(), {}).has_value());
        const FdSetFile second = opened(O_RDWR);
        CHECK(second.error == 0);
        CHECK(opened(O_WRONLY).error == EBUSY);
    }
    SECTION("also when it came twice, or was removed") {
        REQUIRE(store.add(1, UniqueFd{::dup(store.sets().at(1).members[0].fd.get())}, {}).has_value());
        REQUIRE(store.add(2, UniqueFd{::dup(store.sets().at(1).members[0].fd.get())}, {}).has_value());
        CHECK(opened(O_RDWR).error == EBUSY);
        CHECK(opened(O_RDWR, "/dev/fdset/2").error == EBUSY);
        REQUIRE(store.remove(1, {}).has_value());
        CHECK(opened(O_RDWR).error == EACCES);
        CHECK(opened(O_RDWR, "/dev/fdset/2").error == EBUSY);
        first = {};
        CHECK(opened(O_RDWR, "/dev/fdset/2").error == 0);
    }
}

TEST_CASE("FdStore: a descriptor gets back its status flags when its user goes", "[util]") {
    FdStore store;
    const UniqueFd sent = null(O_RDWR | O_APPEND);
    const int before = ::fcntl(sent.get(), F_GETFL);
    REQUIRE(store.add(1, UniqueFd{::dup(sent.get())}, {}).has_value());
    FdSetFile file = store.duplicate("/dev/fdset/1", O_RDWR);
    REQUIRE(::fcntl(file.fd.get(), F_SETFL, O_NONBLOCK) == 0);
    CHECK(::fcntl(sent.get(), F_GETFL) != before);
    if (GENERATE(false, true)) {
        REQUIRE(store.remove(1, {}).has_value());
    }
    file = {};
    CHECK(::fcntl(sent.get(), F_GETFL) == before);
}

TEST_CASE("FdStore: without kcmp(), descriptors of one file count as one", "[util]") {
    const pid_t child = ::fork();
    if (child == 0) { // what a sandbox forbids is forbidden for good
        forbid(SYS_kcmp);
        FdStore store;
        const UniqueFd zero{::open("/dev/zero", O_RDWR | O_CLOEXEC)};
        const bool added = store.add(1, null(), {}) && store.add(1, null(), {}) &&
                           store.add(2, UniqueFd{::dup(zero.get())}, {});
        const FdSetFile first = store.duplicate("/dev/fdset/1", O_RDWR);
        const bool as_expected = added && first.fd &&
                                 store.duplicate("/dev/fdset/1", O_RDWR).error == EBUSY &&
                                 store.duplicate("/dev/fdset/2", O_RDWR).error == 0;
        ::_exit(as_expected ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("FdStore: a set goes with its last user", "[util]") {
    const std::size_t before = open_fds();
    FdStore store;
    REQUIRE(store.add(0, null(), {}).has_value());
    REQUIRE(store.add(0, null(), {}).has_value());
    FdSetFile first = store.duplicate("/dev/fdset/0", O_RDWR);
    FdSetFile second = store.duplicate("/dev/fdset/0", O_RDONLY);
    REQUIRE((first.fd && second.fd));
    CHECK(::fcntl(first.fd.get(), F_GETFD) == FD_CLOEXEC);
    CHECK(store.remove(0, {}).has_value());
    REQUIRE(store.sets().contains(0));
    CHECK(store.sets().at(0).members.empty());
    CHECK(store.duplicate("/dev/fdset/0", O_RDWR).error == EACCES);
    CHECK(store.remove(0, {}).has_value());
    CHECK(store.add({}, null(), {}).value().set == 1); // the number is not free yet

    SECTION("with none of its own") {
        first = {};
        CHECK(store.sets().contains(0));
        FdSetFile moved = std::move(second);
        second = {};
        CHECK(store.sets().contains(0));
        moved = {};
        CHECK_FALSE(store.sets().contains(0));
    }
    SECTION("unless there is a new descriptor in it") {
        REQUIRE(store.add(0, null(), {}).has_value());
        first = {};
        second = {};
        CHECK(store.sets().at(0).members.size() == 1);
    }
    SECTION("and those without users go when nobody is left") {
        store.forget_unused_sets();
        CHECK(set_ids(store) == std::vector<std::int64_t>{0});
        first = {};
        second = {};
        CHECK(store.sets().empty());
        CHECK(open_fds() == before);
    }
}

TEST_CASE("FdStore: a set with a user stays when nobody is left, and after him until somebody left again",
          "[util]") {
    FdStore store;
    REQUIRE(store.add(0, null(), {}).has_value());
    FdSetFile file = store.duplicate("/dev/fdset/0", O_RDWR);
    store.forget_unused_sets();
    CHECK(store.sets().at(0).members.size() == 1);
    file = {};
    CHECK(store.sets().at(0).members.size() == 1);
    store.forget_unused_sets();
    CHECK(store.sets().empty());
}
