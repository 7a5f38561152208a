// SPDX-License-Identifier: Apache-2.0
//
// Background: what --daemonize does. The fork comes before any ring, thread or io_context; the parent stays
// until the child is ready, so that its exit status tells whether the daemon runs.
//
// Thread: the only one.  Source: daemon(7); qemu-storage-daemon's --daemonize, as seen from outside.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

namespace iothreadd {

class Background {
public:
    /// Returns in the child only; the parent waits for ready() or for the child's end, and exits 0 or 1.
    /// Errors: the kernel refuses a pipe or a process.
    static Result<Background> enter();

    /// The daemon serves: leave the directory and the terminal, and let the parent exit.
    /// Errors: /dev/null cannot be had.
    Result<void> ready();

private:
    explicit Background(UniqueFd tell_parent) : tell_parent_(std::move(tell_parent)) {}

    UniqueFd tell_parent_;
};

} // namespace iothreadd
