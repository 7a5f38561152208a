// SPDX-License-Identifier: Apache-2.0
//
// IOThreads are made and destroyed, over and over, while the pools of their loops work. As many as fit into
// two seconds, or the number in the environment variable IOTHREADD_LIVES.
#include "daemon/aio/thread_pool.hpp"

#include "tests/unit/iothread/fixture.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

using namespace iothreadd;

namespace {
constexpr int kWarmUpLives = 100;
constexpr auto kUsualTime = std::chrono::seconds{2};
constexpr std::size_t kTasks = 8;

// Sanitizers keep what was freed for a while: there, only LeakSanitizer tells.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryTells = false;
#else
constexpr bool kMemoryTells = true;
#endif
constexpr std::int64_t kMemoryMayGrowBytes = 2 << 20; // an allocator settles late

struct Resources {
    std::int64_t fds, threads, resident_bytes;
};

std::int64_t count_entries(const char *folder,
                           const std::function<bool(const std::filesystem::path &)> &counts) {
    const std::filesystem::directory_iterator entries{folder};
    return std::count_if(begin(entries), end(entries),
                         [&](const auto &entry) { return counts(entry.path()); });
}

/// The kernel's own helpers of io_uring come and go.
bool is_ours(const std::filesystem::path &task) {
    std::string name;
    std::ifstream{task / "comm"} >> name;
    return !name.empty() && !name.starts_with("iou-");
}

Resources resources() {
    std::int64_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages >> pages;
    return {.fds = count_entries("/proc/self/fd", [](const auto &) { return true; }),
            .threads = count_entries("/proc/self/task", is_ours),
            .resident_bytes = pages * ::sysconf(_SC_PAGESIZE)};
}

/// A thread that was joined stays in /proc for a moment.
Resources settled(std::int64_t threads) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    Resources now = resources();
    while (now.threads > threads && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
        now = resources();
    }
    return now;
}

struct Task final : ThreadPoolTask {
    int run() override {
        std::this_thread::yield();
        return 7;
    }
    void complete(int result) override { sum_of_results += result; }
    long sum_of_results = 0; // the home thread's, then the main thread's
};

/// Owns the tasks and makes the threads for them.
class Lives {
public:
    explicit Lives(FdMonitorKind fd_monitor) : fd_monitor_(fd_monitor) {}

    void one() {
        const auto iothread = fixture_.make("io0",
                                            {.poll_max_ns = random(2) * 32768,
                                             .thread_pool_min = random(2),
                                             .thread_pool_max = 1 + random(4)},
                                            fd_monitor_);
        const HolderToken token = iothread->hold(Holder::block_export("e0"));
        rings_ += token.context().has_ring() ? 1 : 0;
        token.context().post([this, &context = token.context()] {
            for (Task &task : tasks_)
                context.thread_pool().submit(task);
        });
        ++lives_;
        fixture_.events.all.clear();
    } // the token goes first, then the thread is told to end with the tasks queued or at work

    void check_that_all_ran() {
        for (const Task &task : tasks_)
            REQUIRE(task.sum_of_results == 7 * lives_);
    }

    long lives() const { return lives_; }
    long rings() const { return rings_; }

private:
    std::int64_t random(std::int64_t below) { return static_cast<std::int64_t>(random_()) % below; }

    IOThreadFixture fixture_;
    const FdMonitorKind fd_monitor_;
    std::minstd_rand random_;
    std::deque<Task> tasks_ = std::deque<Task>(kTasks);
    long lives_ = 0;
    long rings_ = 0;
};

/// Whether that were enough.
bool enough(long lives, std::chrono::steady_clock::duration spent) {
    const char *const wanted = std::getenv("IOTHREADD_LIVES");
    return wanted != nullptr ? lives >= std::atol(wanted) : spent >= kUsualTime;
}
} // namespace

TEST_CASE("IOThread: thousands live and end with a pool at work, and leave nothing behind", "[iothread]") {
    Lives lives{GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll)};
    while (lives.lives() < kWarmUpLives)
        lives.one();
    const long rings = lives.rings();
    CHECK((rings == 0 || rings == kWarmUpLives));

    const Resources before = resources();
    const auto start = std::chrono::steady_clock::now();
    while (!enough(lives.lives() - kWarmUpLives, std::chrono::steady_clock::now() - start))
        lives.one();
    const auto spent = std::chrono::steady_clock::now() - start;
    const Resources after = settled(before.threads);

    lives.check_that_all_ran();
    CHECK(lives.rings() == (rings == 0 ? 0 : lives.lives())); // none had to fall back
    CHECK(after.fds == before.fds);
    CHECK(after.threads == before.threads);
    if (kMemoryTells)
        CHECK(after.resident_bytes <= before.resident_bytes + kMemoryMayGrowBytes);
    if (std::getenv("IOTHREADD_LIVES") != nullptr)
        fmt::print("{}: {} lives in {:.1f} s; fds {} -> {}, threads {} -> {}, resident KiB {} -> {}\n",
                   rings == 0 ? "epoll" : "io_uring", lives.lives() - kWarmUpLives,
                   std::chrono::duration<double>(spent).count(), before.fds, after.fds, before.threads,
                   after.threads, before.resident_bytes >> 10, after.resident_bytes >> 10);
}
