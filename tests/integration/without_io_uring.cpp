// SPDX-License-Identifier: Apache-2.0
//
// without-io-uring --errno=EPERM|ENOSYS PROGRAM ARGUMENT...: runs PROGRAM where io_uring cannot be had,
// because a container's seccomp policy forbids it (EPERM) or the kernel lacks it (ENOSYS). Other system calls
// are left alone.
//
// Source: seccomp(2), SECCOMP_MODE_FILTER; the three io_uring calls have the same numbers on every
// architecture.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace {
constexpr unsigned kIoUringSetup = 425;    // then io_uring_enter
constexpr unsigned kIoUringRegister = 427; // the last of the three

bool forbid_io_uring(unsigned error) {
    std::array<sock_filter, 5> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kIoUringSetup, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kIoUringRegister, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
} // namespace

int main(int argc, char **argv) {
    const bool enosys = argc > 2 && std::strcmp(argv[1], "--errno=ENOSYS") == 0;
    if (!enosys && (argc <= 2 || std::strcmp(argv[1], "--errno=EPERM") != 0)) {
        std::fprintf(stderr, "usage: %s --errno=EPERM|ENOSYS PROGRAM ARGUMENT...\n", argv[0]);
        return 1;
    }
    if (!forbid_io_uring(enosys ? ENOSYS : EPERM)) {
        std::perror("seccomp");
        return 1;
    }
    ::execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    return 1;
}
