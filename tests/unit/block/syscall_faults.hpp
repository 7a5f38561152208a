// SPDX-License-Identifier: Apache-2.0
//
// Faults: stands between the file driver's thread engine and the kernel, to count calls, to cut transfers
// short and to make them fail. The functions are those of libc, replaced in the test program.
//
// Thread: set on the main thread while nothing is in flight; used in workers.
#pragma once

#include <atomic>
#include <climits>

namespace iothreadd::test {

struct Faults {
    std::atomic<long> most_bytes = LONG_MAX; ///< that one call admits to have transferred
    std::atomic<int> interruptions = 0;      ///< so many calls fail first
    std::atomic<int> interruption = 0;       ///< with this errno
    std::atomic<int> write_error = 0;
    std::atomic<int> sync_error = 0;

    std::atomic<int> transfers = 0; ///< calls of preadv and pwritev2
    std::atomic<int> durable_writes = 0;
    std::atomic<int> syncs = 0;
};

/// The faults in force; null: none. Set by FaultScope.
extern Faults *faults;

class FaultScope : public Faults {
public:
    FaultScope() { faults = this; }
    FaultScope(const FaultScope &) = delete;
    FaultScope &operator=(const FaultScope &) = delete;
    ~FaultScope() { faults = nullptr; }
};

} // namespace iothreadd::test
