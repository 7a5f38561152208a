// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/unix_listener.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

using namespace iothreadd;

namespace {

struct TempDir {
    TempDir() {
        char name[] = "/tmp/ulXXXXXX";
        path = ::mkdtemp(name);
    }
    ~TempDir() { std::filesystem::remove_all(path); }
    std::string operator/(const char *file) const { return path + "/" + file; }
    std::ptrdiff_t files() const {
        return std::distance(std::filesystem::directory_iterator{path},
                             std::filesystem::directory_iterator{});
    }
    std::string path;
};

int connect_to(const std::string &path) {
    const auto address = unix_socket_address(path).value();
    const UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int result = ::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address));
    return result == 0 ? 0 : errno;
}

/// Leave a socket file there that nobody serves.
void abandon_socket(const std::string &path) {
    const auto address = unix_socket_address(path).value();
    {
        const UniqueFd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0);
    }
    REQUIRE(connect_to(path) == ECONNREFUSED);
}

} // namespace

TEST_CASE("UnixListener: accepts clients, and its file goes with it", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    {
        auto listener = bind_unix_listener(path);
        REQUIRE(listener.has_value());
        CHECK(connect_to(path) == 0);
    }
    CHECK(!std::filesystem::exists(path));
}

TEST_CASE("UnixListener: replaces a socket file that nobody serves", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    abandon_socket(path);
    auto listener = bind_unix_listener(path);
    REQUIRE(listener.has_value());
    CHECK(connect_to(path) == 0);
}

TEST_CASE("UnixListener: leaves alone what is not an abandoned socket", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    const std::string taken = "Failed to bind socket to " + path + ": Address already in use";
    SECTION("a live server") {
        auto first = bind_unix_listener(path);
        REQUIRE(first.has_value());
        CHECK(bind_unix_listener(path).error().desc == taken);
        CHECK(connect_to(path) == 0);
    }
    SECTION("a live server with a full backlog") {
        auto first = bind_unix_listener(path, 0);
        REQUIRE(first.has_value());
        REQUIRE(connect_to(path) == 0);
        CHECK(bind_unix_listener(path).error().desc == taken);
        CHECK(std::filesystem::exists(path));
    }
    SECTION("a regular file") {
        std::ofstream{path} << "precious";
        CHECK(bind_unix_listener(path).error().desc == taken);
        CHECK(std::filesystem::file_size(path) == 8);
    }
    SECTION("a symbolic link") {
        std::filesystem::create_symlink("elsewhere", path);
        CHECK(bind_unix_listener(path).error().desc == taken);
        CHECK(std::filesystem::is_symlink(path));
    }
}

TEST_CASE("UnixListener: of all who replace an abandoned socket at once one gets the path, and serves it",
          "[util]") {
    constexpr int kStarted = 8;
    const TempDir dir;
    const std::string path = dir / "s";
    for (int round = 0; round < 30; ++round) {
        abandon_socket(path);
        std::atomic<int> ready = 0;
        std::vector<std::optional<Result<UnixListener>>> listeners(kStarted);
        std::vector<std::thread> threads;
        for (auto &listener : listeners)
            threads.emplace_back([&] {
                for (++ready; ready < kStarted;)
                    std::this_thread::yield();
                listener.emplace(bind_unix_listener(path));
            });
        for (std::thread &thread : threads)
            thread.join();
        const auto listens = [](const auto &listener) { return listener->has_value(); };
        REQUIRE(std::ranges::count_if(listeners, listens) == 1);
        REQUIRE(connect_to(path) == 0);
        REQUIRE(dir.files() == 1); // no lock
    }
}

TEST_CASE("UnixListener: while somebody else is about to listen there, the path is his", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    const std::string lock = dir / ".s.iothreadd-lock";
    abandon_socket(path);
    UniqueFd his{::open(lock.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
    REQUIRE(::flock(his.get(), LOCK_EX | LOCK_NB) == 0);
    CHECK(bind_unix_listener(path).error().desc ==
          "Failed to bind socket to " + path + ": Address already in use");
    CHECK(connect_to(path) == ECONNREFUSED);
    CHECK(dir.files() == 2);
    his.reset(); // he was killed
    CHECK(bind_unix_listener(path).has_value());
    CHECK(dir.files() == 0);
}

TEST_CASE("UnixListener: replaces nothing where it can have no lock", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    REQUIRE(::mkdir((dir / ".s.iothreadd-lock").c_str(), 0700) == 0);
    SECTION("an abandoned socket") {
        abandon_socket(path);
        CHECK(bind_unix_listener(path).error().desc ==
              "Failed to bind socket to " + path + ": Address already in use");
        CHECK(connect_to(path) == ECONNREFUSED);
    }
    SECTION("nothing") { CHECK(bind_unix_listener(path).has_value()); }
}

TEST_CASE("UnixListener: the longest path has a lock too", "[util]") {
    const TempDir dir;
    const std::string path = dir / std::string(107 - dir.path.size() - 1, 'x').c_str();
    abandon_socket(path);
    CHECK(bind_unix_listener(path).has_value());
}

TEST_CASE("UnixListener: does not remove a file that took its place", "[util]") {
    const TempDir dir;
    const std::string path = dir / "s";
    {
        auto listener = bind_unix_listener(path);
        REQUIRE(listener.has_value());
        std::filesystem::rename(path, dir / "old");
        std::ofstream{path} << "new";
    }
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("UnixListener: a relative path survives a change of directory", "[util]") {
    const TempDir dir;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir.path);
    {
        auto listener = bind_unix_listener("s");
        std::filesystem::current_path(before);
        REQUIRE(listener.has_value());
        REQUIRE(std::filesystem::exists(dir / "s"));
    }
    CHECK(!std::filesystem::exists(dir / "s"));
}

TEST_CASE("UnixListener: names what is wrong with a path", "[util]") {
    const std::string longest(107, 'x');
    CHECK(unix_socket_address(longest).has_value());
    const auto too_long = unix_socket_address(longest + "x");
    REQUIRE(too_long.has_error());
    CHECK(too_long.error().desc == "UNIX socket path '" + longest + "x' is too long");
    CHECK(too_long.error().hint == "Path must be less than 108 bytes");
    CHECK(unix_socket_address("").has_error());
    CHECK(unix_socket_address(std::string_view{"a\0b", 3}).has_error());
    CHECK(bind_unix_listener("/nodir/s").error().desc ==
          "Failed to bind socket to /nodir/s: No such file or directory");
}
