// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/block/syscall_faults.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace iothreadd::test {

Faults *faults = nullptr;

namespace {

/// Let the caller believe that less was done than was.
ssize_t cut(long transferred) {
    return faults && transferred > 0 ? std::min<long>(transferred, faults->most_bytes) : transferred;
}

bool interrupted() {
    if (!faults)
        return false;
    ++faults->transfers;
    if (faults->interruptions.fetch_sub(1) <= 0)
        return false;
    errno = faults->interruption;
    return true;
}

} // namespace
} // namespace iothreadd::test

using iothreadd::test::faults;

extern "C" {

ssize_t preadv(int fd, const iovec *iov, int count, off_t offset) {
    if (iothreadd::test::interrupted())
        return -1;
    return iothreadd::test::cut(::syscall(SYS_preadv, fd, iov, count, offset, 0));
}

ssize_t pwritev2(int fd, const iovec *iov, int count, off_t offset, int flags) {
    if (iothreadd::test::interrupted())
        return -1;
    if (faults) {
        faults->durable_writes += (flags & RWF_DSYNC) != 0;
        if (const int error = faults->write_error) {
            errno = error;
            return error == EDOM ? 0 : -1; // EDOM stands for "took nothing"
        }
    }
    return iothreadd::test::cut(::syscall(SYS_pwritev2, fd, iov, count, offset, 0, flags));
}

int fdatasync(int fd) {
    if (faults) {
        ++faults->syncs;
        if (const int error = faults->sync_error) {
            errno = error;
            return -1;
        }
    }
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

} // extern "C"
