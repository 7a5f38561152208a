// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/socket_access.hpp"
#include "daemon/util/unix_listener.hpp"
#include "tests/unit/monitor/test_server.hpp"

#include <catch2/catch.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {

struct Fixture {
    Fixture() { REQUIRE(::chmod(path.c_str(), 0600) == 0); }

    struct stat status(const std::string &name = "q") const {
        struct stat found {};
        REQUIRE(::lstat((dir / name).c_str(), &found) == 0);
        return found;
    }
    std::string mode(const std::string &name = "q") const {
        return fmt::format("{:o}", status(name).st_mode & 07777);
    }

    TempDir dir;
    std::string path = dir / "q";
    UnixListener listener = bind_unix_listener(path).value();
};

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string refusal(const UnixSocketFile &file, const SocketAccess::Options &options) {
    const auto access = SocketAccess::change(file, options);
    return access ? "nothing refused" : access.error().desc;
}

int services_asked = 0; ///< for a user or group

/// What is done to files while it lives, in order. It pretends that owners change, so that a test needs no
/// privileges.
class Recorder {
public:
    Recorder() { current = this; }
    ~Recorder() { current = nullptr; }
    Recorder(const Recorder &) = delete;
    Recorder &operator=(const Recorder &) = delete;

    static inline Recorder *current = nullptr;
    std::vector<std::string> calls;
    std::optional<std::pair<uid_t, gid_t>> owner;
};

} // namespace

// In place of the C library's.
extern "C" int getpwnam_r(const char *, passwd *, char *, size_t, passwd **found) {
    ++services_asked;
    *found = nullptr;
    return 0;
}

extern "C" int getgrnam_r(const char *, group *, char *, size_t, group **found) {
    ++services_asked;
    *found = nullptr;
    return 0;
}

extern "C" int chmod(const char *path, mode_t mode) noexcept {
    if (Recorder::current != nullptr)
        Recorder::current->calls.push_back(fmt::format("mode {:o}", mode));
    return ::fchmodat(AT_FDCWD, path, mode, 0);
}

extern "C" int fstat(int fd, struct stat *found) noexcept {
    const int result = ::fstatat(fd, "", found, AT_EMPTY_PATH);
    if (Recorder::current != nullptr && Recorder::current->owner)
        std::tie(found->st_uid, found->st_gid) = *Recorder::current->owner;
    return result;
}

extern "C" int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags) noexcept {
    if (Recorder::current == nullptr)
        return static_cast<int>(::syscall(SYS_fchownat, fd, path, owner, group, flags));
    struct stat now {};
    ::fstatat(fd, path, &now, flags);
    Recorder::current->calls.push_back(
        fmt::format("owner {}:{} with mode {:o}", owner, group, now.st_mode & 07777));
    Recorder::current->owner.emplace(owner, group);
    return 0;
}

TEST_CASE_METHOD(Fixture, "SocketAccess: in between, nobody can connect who may not before or afterwards",
                 "[monitor]") {
    struct Row {
        std::string mode;
        std::vector<std::string> there;
        std::vector<std::string> back;
    };
    const auto before = status();
    const std::string then = fmt::format("owner {}:{} with mode ", before.st_uid, before.st_gid);
    const auto row = GENERATE_COPY(values<Row>(
        {{"0666", {"owner 4711:4712 with mode 600", "mode 666"}, {"mode 600", then + "600"}},
         {"0660", {"owner 4711:4712 with mode 600", "mode 660"}, {"mode 600", then + "600"}},
         {"0060", {"mode 0", "owner 4711:4712 with mode 0", "mode 60"}, {"mode 0", then + "0", "mode 600"}},
         {"0600", {"owner 4711:4712 with mode 600"}, {then + "600"}}}));
    Recorder recorder;
    {
        const auto access =
            SocketAccess::change(listener.file, {.mode = row.mode, .owner = "4711", .group = "4712"});
        REQUIRE(access.has_value());
        CHECK(recorder.calls == row.there);
        recorder.calls.clear();
    }
    CHECK(recorder.calls == row.back);
}

TEST_CASE_METHOD(Fixture, "SocketAccess: knows the users and groups in /etc, and asks nobody for them",
                 "[monitor]") {
    services_asked = 0;
    Recorder recorder;
    REQUIRE(SocketAccess::change(listener.file, {.owner = "daemon", .group = "daemon"}).has_value());
    CHECK(recorder.calls.front() == "owner 1:1 with mode 600");
    CHECK(refusal(listener.file, {.owner = "no-such-user"}) ==
          "User 'no-such-user' not found in /etc/passwd");
    CHECK(services_asked == 0);
}

TEST_CASE_METHOD(Fixture, "SocketAccess: the mode stays while it lives, and is put back", "[monitor]") {
    const std::size_t before = open_descriptors();
    {
        auto access = SocketAccess::change(listener.file, {.mode = "0666"});
        REQUIRE(access.has_value());
        CHECK(mode() == "666");
        std::optional<SocketAccess> kept{*std::move(access)};
        CHECK(mode() == "666");
    }
    CHECK(mode() == "600");
    CHECK(open_descriptors() == before);
}

TEST_CASE_METHOD(Fixture, "SocketAccess: takes modes in octal, without set-id and sticky bits", "[monitor]") {
    struct Row {
        std::string text;
        std::string mode; ///< "600" with a refusal
    };
    const std::string nul("066\0", 4);
    const auto row = GENERATE_COPY(values<Row>({{"0660", "660"},
                                                {"660", "660"},
                                                {"0", "0"},
                                                {"0777", "777"},
                                                {"000000000620", "620"},
                                                {"", "600"},
                                                {"1000", "600"},
                                                {"4660", "600"},
                                                {"0o660", "600"},
                                                {"0x1b0", "600"},
                                                {"0680", "600"},
                                                {"-1", "600"},
                                                {"+660", "600"},
                                                {" 660", "600"},
                                                {"660 ", "600"},
                                                {"rw-rw----", "600"},
                                                {"7777777777777777777777777", "600"},
                                                {nul, "600"}}));
    CAPTURE(row.text);
    const auto access = SocketAccess::change(listener.file, {.mode = row.text});
    CHECK(mode() == row.mode);
    CHECK(access.has_value() == (row.mode != "600"));
    if (!access)
        CHECK(access.error().desc == "Parameter 'mode' expects an octal number from 0 to 0777");
}

TEST_CASE_METHOD(Fixture, "SocketAccess: names and numbers of nobody are refused", "[monitor]") {
    CHECK(refusal(listener.file, {.owner = "no such user"}) ==
          "User 'no such user' not found in /etc/passwd");
    CHECK(refusal(listener.file, {.mode = "0666", .group = "no such group"}) ==
          "Group 'no such group' not found in /etc/group");
    CHECK(refusal(listener.file, {.owner = ""}) == "User '' not found in /etc/passwd");
    CHECK(refusal(listener.file, {.owner = std::string("root\0", 5)}) ==
          std::string("User 'root\0' not found in /etc/passwd", 37));
    CHECK(refusal(listener.file, {.owner = "-1"}) == "User '-1' not found in /etc/passwd");
    const auto number = GENERATE("4294967295", "4294967296", "99999999999999999999999");
    CHECK(refusal(listener.file, {.owner = number}) ==
          "Parameter 'owner' expects a name or a number below 4294967295");
    CHECK(refusal(listener.file, {.group = number}) ==
          "Parameter 'group' expects a name or a number below 4294967295");
    CHECK(mode() == "600");
}

TEST_CASE_METHOD(Fixture, "SocketAccess: what we are already can be asked for", "[monitor]") {
    const auto uid = std::to_string(::geteuid());
    const auto gid = std::to_string(::getegid());
    CHECK(SocketAccess::change(listener.file, {.mode = "0660", .owner = uid, .group = gid}).has_value());
    CHECK(status().st_uid == ::geteuid());
}

TEST_CASE_METHOD(Fixture, "SocketAccess: owner and group come and go with it", "[monitor]") {
    if (::geteuid() != 0) {
        WARN("not as root: nothing to test");
        return;
    }
    const gid_t group = status().st_gid;
    {
        const auto access =
            SocketAccess::change(listener.file, {.mode = "0060", .owner = "4711", .group = "4712"});
        REQUIRE(access.has_value());
        CHECK(status().st_uid == 4711);
        CHECK(status().st_gid == 4712);
        CHECK(mode() == "60");
    }
    CHECK(status().st_uid == 0);
    CHECK(status().st_gid == group);
    CHECK(mode() == "600");
    const auto access = SocketAccess::change(listener.file, {.owner = "daemon"});
    REQUIRE(access.has_value());
    CHECK(status().st_uid == 1);
    CHECK(status().st_gid == group);
}

TEST_CASE_METHOD(Fixture, "SocketAccess: what somebody put in place of our file stays untouched",
                 "[monitor]") {
    const auto other = bind_unix_listener(dir / "other").value();
    REQUIRE(::chmod((dir / "other").c_str(), 0600) == 0);
    std::filesystem::rename(path, dir / "ours");
    std::string text = "Socket " + path + " was replaced by another file";
    SECTION("a socket") { std::filesystem::rename(dir / "other", path); }
    SECTION("a file") {
        std::ofstream{path} << "precious";
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
    }
    SECTION("a link to a socket") { std::filesystem::create_symlink(dir / "other", path); }
    SECTION("a link to our own socket") { std::filesystem::create_symlink(dir / "ours", path); }
    SECTION("nothing") { text = "Failed to open socket " + path + ": No such file or directory"; }
    CHECK(refusal(listener.file, {.mode = "0666"}) == text);
    for (const auto &entry : std::filesystem::directory_iterator{std::filesystem::path{path}.parent_path()})
        if (!entry.is_symlink())
            CHECK(mode(entry.path().filename()) == "600");
}

TEST_CASE_METHOD(Fixture, "SocketAccess: puts back on our file, wherever it is by then", "[monitor]") {
    {
        const auto access = SocketAccess::change(listener.file, {.mode = "0666"});
        REQUIRE(access.has_value());
        std::filesystem::rename(path, dir / "ours");
        std::ofstream{path} << "precious";
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        CHECK(mode("ours") == "666");
    }
    CHECK(mode("ours") == "600");
    CHECK(mode("q") == "640");
    std::filesystem::remove(dir / "ours");
    std::filesystem::remove(path);
}

TEST_CASE_METHOD(Fixture, "SocketAccess: does not mind that our file was removed", "[monitor]") {
    auto access = SocketAccess::change(listener.file, {.mode = "0666"});
    REQUIRE(access.has_value());
    listener.file.remove();
}
