// SPDX-License-Identifier: Apache-2.0
//
// What the kernel's io_uring has and liburing 2.3 (Debian 12) does not name yet, each beside the test for it.
//
// Source: Linux 6.18, include/uapi/linux/io_uring.h.
#pragma once

#include <liburing.h>

namespace iothreadd {

#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)
#define IORING_FEAT_NO_IOWAIT (1U << 17)
#endif

/// The flag that keeps a sleeping loop from being shown as a CPU that waits for a disk; 0 where the kernel
/// has none.
inline unsigned no_iowait_flag(const io_uring &ring) {
    return ring.features & IORING_FEAT_NO_IOWAIT ? IORING_ENTER_NO_IOWAIT : 0;
}

} // namespace iothreadd
