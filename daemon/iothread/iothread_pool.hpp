// SPDX-License-Identifier: Apache-2.0
//
// IOThreadPool: the IOThreads that users created, in creation order, and the main loop's own AioContext,
// where everything runs that was given no IOThread. The objects themselves belong to the ObjectTree.
//
// Thread: main thread unless a function says any.
#pragma once

#include "daemon/aio/aio_account.hpp"
#include "daemon/aio/aio_stats.hpp"
#include "daemon/iothread/holder_token.hpp"
#include "daemon/iothread/iothread_parameters.hpp"
#include "daemon/iothread/stall_watch.hpp"

#include <sys/types.h>

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class EventSink;

/// What is told about an IOThread. Holders newest first.
struct IOThreadSnapshot {
    std::string id;
    pid_t thread_id;
    IOThreadParameters parameters;
    std::vector<Holder> holders;
};

/// What a holder had from an IOThread so far.
struct HolderStatsSnapshot {
    Holder holder;
    AioAccountStats stats;
};

/// What an IOThread did so far.
struct IOThreadStatsSnapshot {
    std::string id;
    pid_t thread_id;
    std::int64_t cpu_ns;
    CpuList cpus; ///< where it may run
    bool has_ring;
    std::string fallback_reason;
    AioStats stats;
    std::int64_t running_ns;                  ///< for how long callbacks have been running; 0: it waits
    std::vector<HolderStatsSnapshot> holders; ///< newest first
};

class IOThreadPool {
public:
    /// Both are borrowed and outlive the pool. Each change of a list of holders goes to `events`.
    IOThreadPool(AioContext &main_context, EventSink &events);
    ~IOThreadPool();
    IOThreadPool(const IOThreadPool &) = delete;
    IOThreadPool &operator=(const IOThreadPool &) = delete;

    /// Null when there is no such IOThread.
    IOThread *find(std::string_view id) const;
    std::span<IOThread *const> iothreads() const { return iothreads_; }
    // Of all IOThreads, in creation order.  Thread: any.
    std::vector<IOThreadSnapshot> snapshots() const;
    std::vector<IOThreadStatsSnapshot> stats() const;

    /// A token for the main loop's context. Nobody's deletion waits for it; nothing is announced.
    HolderToken hold_main(Holder holder);

    EventSink &events() { return events_; }
    AioContext &main_context() { return main_context_; }
    StallWatch &stall_watch() { return stall_watch_; }

private:
    friend class IOThread;
    void insert(IOThread &iothread);
    void erase(IOThread &iothread);

    AioContext &main_context_;
    EventSink &events_;
    mutable std::mutex lock_; ///< iothreads_ changes on the main thread only; others read it
    std::vector<IOThread *> iothreads_;
    StallWatch stall_watch_;
};

} // namespace iothreadd
