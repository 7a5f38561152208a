// SPDX-License-Identifier: Apache-2.0
//
// PidFile: says that the daemon is ready, and that there is only one of it. The file is locked as long as it
// exists and goes with its object.
//
// Thread: main thread.  Source: qemu-storage-daemon's --pidfile, as seen from outside.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <string>

namespace iothreadd {

class PidFile {
public:
    /// Make `path` (mode 0600), lock it and write our pid. A file that nobody locks is taken over.
    /// Errors: `cannot create PID file: ...`; what is there stays as it was.
    static Result<PidFile> create(const std::string &path);

    PidFile(PidFile &&other) noexcept = default;
    PidFile &operator=(PidFile &&other) = delete;
    ~PidFile();

private:
    PidFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_; ///< absolute
    UniqueFd fd_;
};

} // namespace iothreadd
