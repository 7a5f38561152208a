// SPDX-License-Identifier: Apache-2.0
//
// NameGate: names that begin with `slow` are found only once it is open. For tests that have
// tests/slow_calls.cpp among their sources.
#pragma once

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace iothreadd::test {

class NameGate {
public:
    NameGate() {
        char name[] = "/tmp/gateXXXXXX";
        directory_ = ::mkdtemp(name);
        path_ = directory_ + "/gate";
        REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
        ::setenv("IOTHREADD_GATE", path_.c_str(), 1);
    }
    NameGate(const NameGate &) = delete;
    NameGate &operator=(const NameGate &) = delete;
    /// Whoever waits still, waits no more.
    ~NameGate() {
        open();
        std::filesystem::remove_all(directory_);
        ::close(fd_);
    }

    void open() {
        if (fd_ < 0)
            fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    }

private:
    std::string directory_;
    std::string path_;
    int fd_ = -1;
};

} // namespace iothreadd::test
