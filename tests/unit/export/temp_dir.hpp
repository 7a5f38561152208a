// SPDX-License-Identifier: Apache-2.0
//
// TempDir: a directory for sockets and images, gone at the end of the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace iothreadd::test {

class TempDir {
public:
    TempDir() {
        char name[] = "/tmp/nbdXXXXXX";
        path_ = ::mkdtemp(name);
    }
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;
    ~TempDir() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string &file) const { return path_ + "/" + file; }

private:
    std::string path_;
};

} // namespace iothreadd::test
