// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/cpu_crowd.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <string>

namespace iothreadd {
namespace {

/// The CPUs that a thread may use; 0: the calling one.
cpu_set_t cpus_of(pid_t thread) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(thread, sizeof set, &set) != 0)
        std::memset(&set, 0xff, sizeof set); // more CPUs than a set knows: all of these
    return set;
}

struct Before {
    bool operator()(const cpu_set_t &a, const cpu_set_t &b) const {
        return std::memcmp(&a, &b, sizeof a) < 0;
    }
};

/// How many CPUs' worth of time the cgroup of this process has, whole ones; INT_MAX: no limit.
/// Source: cgroup v2, cpu.max: `max PERIOD` or `QUOTA PERIOD`, of each level up to the root.
int cgroup_cpus() {
    int cpus = std::numeric_limits<int>::max();
    std::string path;
    for (std::ifstream groups{"/proc/self/cgroup"}; std::getline(groups, path) && !path.starts_with("0::");) {
    }
    if (!path.starts_with("0::/"))
        return cpus;
    const std::filesystem::path root{"/sys/fs/cgroup"};
    for (std::filesystem::path group = path.substr(4);; group = group.parent_path()) {
        std::int64_t quota = 0, period = 0;
        if (std::ifstream limit{root / group / "cpu.max"}; limit >> quota >> period && period > 0)
            cpus = static_cast<int>(std::min<std::int64_t>(cpus, quota / period));
        if (group.empty())
            return cpus;
    }
}

} // namespace

std::shared_ptr<CpuCrowd> CpuCrowd::of_this_thread() {
    static std::mutex lock;
    static std::map<cpu_set_t, std::weak_ptr<CpuCrowd>, Before> crowds;
    const cpu_set_t cpus = cpus_of(0);
    const std::lock_guard guard{lock};
    std::erase_if(crowds, [](const auto &entry) { return entry.second.expired(); });
    std::weak_ptr<CpuCrowd> &known = crowds[cpus];
    std::shared_ptr<CpuCrowd> crowd = known.lock();
    if (crowd == nullptr)
        known = crowd = std::make_shared<CpuCrowd>(CPU_COUNT(&cpus));
    return crowd;
}

CpuCrowd &CpuCrowd::of_process() {
    static CpuCrowd crowd{[] {
        const cpu_set_t cpus = cpus_of(::getpid());
        return std::min(CPU_COUNT(&cpus), cgroup_cpus());
    }()};
    return crowd;
}

void CpuPresence::wake() {
    if (awake_)
        return;
    awake_ = true;
    neighbours_->add(1);
    process_.add(1);
}

void CpuPresence::sleep() {
    if (!awake_)
        return;
    awake_ = false;
    neighbours_->add(-1);
    process_.add(-1);
}

bool CpuPresence::give_way() {
    if (process_.let_go()) {
        neighbours_->add(-1);
    } else if (neighbours_->let_go()) {
        process_.add(-1);
    } else {
        return false;
    }
    awake_ = false;
    return true;
}

void CpuPresence::refresh() {
    auto neighbours = CpuCrowd::of_this_thread();
    if (neighbours == neighbours_)
        return;
    const bool awake = awake_;
    sleep();
    neighbours_ = std::move(neighbours);
    if (awake)
        wake();
}

} // namespace iothreadd
