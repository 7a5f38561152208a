// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/pid_file.hpp"

#include "tests/unit/cli/temporary_directory.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

using namespace iothreadd;

namespace {

std::string content(const std::string &path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// What PidFile::create() says in another process: locks belong to processes. Empty: it got the file.
std::string create_elsewhere(const std::string &path) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto file = PidFile::create(path);
        const std::string text = file ? "" : file.error().desc;
        static_cast<void>(!::write(ends[1], text.data(), text.size()));
        ::_exit(0); // leaves the file to us
    }
    ::close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return text;
}

} // namespace

TEST_CASE("PidFile: holds our pid, is private, and goes with its object", "[cli]") {
    const TemporaryDirectory directory;
    const std::string path = directory / "pid";
    {
        const auto file = PidFile::create(path);
        REQUIRE(file.has_value());
        CHECK(content(path) == std::to_string(::getpid()) + "\n");
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0600);
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("PidFile: a second process is refused and the first unharmed", "[cli]") {
    const TemporaryDirectory directory;
    const std::string path = directory / "pid";
    const auto file = PidFile::create(path);
    REQUIRE(file.has_value());
    CHECK(create_elsewhere(path) ==
          "cannot create PID file: Cannot lock pid file: Resource temporarily unavailable");
    CHECK(content(path) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("PidFile: what a dead process left is taken over", "[cli]") {
    const TemporaryDirectory directory;
    const std::string path = directory / "pid";
    std::ofstream{path} << "123456789012345678901234567890\n";
    const auto file = PidFile::create(path);
    REQUIRE(file.has_value());
    CHECK(content(path) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("PidFile: a missing directory is named", "[cli]") {
    const TemporaryDirectory directory;
    const std::string path = directory / "nodir/pid";
    CHECK(PidFile::create(path).error().desc ==
          "cannot create PID file: Could not create '" + path + "': No such file or directory");
}

TEST_CASE("PidFile: a symbolic link is not followed", "[cli]") {
    const TemporaryDirectory directory;
    const std::string target = directory / "precious";
    std::ofstream{target} << "keep";
    const std::string path = directory / "pid";
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
    CHECK(PidFile::create(path).has_error());
    CHECK(content(target) == "keep");
}
