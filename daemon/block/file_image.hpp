// SPDX-License-Identifier: Apache-2.0
//
// FileImage: a regular file, opened and measured for the file driver: how large it is, and what O_DIRECT asks
// of requests there.
//
// Thread: any. open() is all that can take long.
#pragma once

#include "daemon/block/block_limits.hpp"
#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <cstdint>
#include <string>

namespace iothreadd {

struct FileImage {
    struct Options {
        std::string filename;
        bool read_only = false;
        bool direct = false; ///< O_DIRECT
    };

    /// Errors: Could not open 'P': <what the kernel said>; 'file' driver requires 'P' to be a regular file.
    static Result<FileImage> open(const Options &options);
    /// The same for what is open already, but for what prepare() does.
    static Result<FileImage> adopt(UniqueFd fd, const Options &options);
    /// Its status flags become those that open() gives, and its limits those of O_DIRECT.
    Result<void> prepare(const Options &options);

    UniqueFd fd;
    std::uint64_t size_bytes = 0; ///< rounded up to whole sectors
    BlockLimits limits{};
};

} // namespace iothreadd
