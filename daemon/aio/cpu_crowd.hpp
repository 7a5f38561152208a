// SPDX-License-Identifier: Apache-2.0
//
// CpuCrowd: the loops of this process that share a set of CPUs, and how many of them are awake. A loop that
// spins where more loops are awake than there are CPUs takes one from a loop that has work. So spinning ends
// as soon as that is the case: there are never more spinning loops than CPUs that the busy ones leave.
//
// A loop is in the crowd of its own set of CPUs and in that of the whole process. Sets that overlap without
// being equal are told apart only by the latter.
//
// Thread: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace iothreadd {

class CpuCrowd {
public:
    /// The crowd of the CPUs that the calling thread may use now.
    static std::shared_ptr<CpuCrowd> of_this_thread();
    /// That of all loops: the CPUs of this process, fewer if its cgroup has less time.
    static CpuCrowd &of_process();

    explicit CpuCrowd(int cpus) : cpus_(cpus) {}

    void add(int loops) { awake_.fetch_add(loops, std::memory_order_relaxed); }
    /// A loop that is counted would rather sleep; true: there are too many, and it is not counted any more.
    bool let_go() {
        if (!too_large())
            return false;
        if (awake_.fetch_sub(1, std::memory_order_relaxed) > cpus_)
            return true;
        awake_.fetch_add(1, std::memory_order_relaxed); // another one has gone
        return false;
    }
    bool too_large() const { return awake_.load(std::memory_order_relaxed) > cpus_; }
    int awake() const { return awake_.load(std::memory_order_relaxed); }
    int cpus() const { return cpus_; }

private:
    static constexpr std::size_t kCacheLine = 64; // away from everything else that is read

    const int cpus_;
    alignas(kCacheLine) std::atomic<int> awake_{0};
};

/// One loop's place in its crowds.  Thread: the loop's.
class CpuPresence {
public:
    CpuPresence() = default;
    CpuPresence(const CpuPresence &) = delete;
    CpuPresence &operator=(const CpuPresence &) = delete;
    ~CpuPresence() { sleep(); }

    void wake();
    void sleep();
    /// Whether this loop is one too many; then it is not counted as awake any more. Of several that ask at a
    /// time only as many are told so as are too many.
    bool give_way();
    bool crowded() const { return neighbours_->too_large() || process_.too_large(); }

    /// The thread may have other CPUs now.
    void refresh();

private:
    CpuCrowd &process_ = CpuCrowd::of_process();
    std::shared_ptr<CpuCrowd> neighbours_ = CpuCrowd::of_this_thread();
    bool awake_ = false;
};

} // namespace iothreadd
