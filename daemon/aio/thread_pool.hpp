// SPDX-License-Identifier: Apache-2.0
//
// ThreadPool: takes blocking calls off the home thread of an AioContext. Tasks are intrusive and start in the
// order in which they were submitted; finished ones go back on a lock-free stack through one bottom half,
// which delivers them oldest first. No allocation per task.
//
// Workers are named `worker`, block every signal, inherit the home thread's CPU mask, appear when tasks wait
// and none is idle, and leave after 10 s without work.
//
// Thread: home thread, except where a function says otherwise.  Source: QEMU's thread pool, as observed.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/bottom_half.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace iothreadd {

/// One blocking call. Its owner keeps it in place from submit() to complete() and may then use it again.
class ThreadPoolTask {
public:
    ThreadPoolTask() = default;
    ThreadPoolTask(const ThreadPoolTask &) = delete;
    ThreadPoolTask &operator=(const ThreadPoolTask &) = delete;

    /// The work, in a worker. The result goes to complete().
    virtual int run() = 0;

    /// In the home thread, never inside submit(). -EAGAIN without run() if no worker could be started. The
    /// object may be destroyed or submitted again from here.
    virtual void complete(int result) = 0;

protected:
    ~ThreadPoolTask() = default;

private:
    friend class ThreadPool;
    ThreadPoolTask *next_ = nullptr;
    AioAccount *account_ = nullptr; // who pays for complete()
    int result_ = 0;
};

class ThreadPool {
public:
    static constexpr std::chrono::milliseconds kIdleTimeout{10'000};

    ThreadPool(AioContext &context, ThreadPoolLimits limits, std::chrono::milliseconds idle = kIdleTimeout);
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool &operator=(const ThreadPool &) = delete;

    /// Runs and completes what was submitted, then joins the workers.
    ~ThreadPool();

    void submit(ThreadPoolTask &task);

    /// Fewer: surplus workers leave as soon as they are idle. More: the new minimum starts now.
    void set_limits(ThreadPoolLimits limits);

    int workers() const; ///< any thread

private:
    /// Tasks in order; the links are in the tasks.
    class Fifo {
    public:
        bool empty() const { return first_ == nullptr; }
        void push(ThreadPoolTask &task);
        ThreadPoolTask *pop(); ///< null: empty
    private:
        ThreadPoolTask *first_ = nullptr;
        ThreadPoolTask **end_ = &first_;
    };

    using Workers = std::list<std::thread>; // a worker knows its own place

    bool spawn();
    void work(Workers::iterator self);
    ThreadPoolTask *next_task(std::unique_lock<std::mutex> &lock);
    bool has_surplus() const;
    void finish(ThreadPoolTask &task, int result);
    void deliver();
    void collect();
    void join_departed();

    AioContext &context_;
    BottomHalf delivery_;
    const std::chrono::milliseconds idle_timeout_;
    int in_flight_ = 0;                           // home thread: submitted, not completed
    Fifo finished_;                               // home thread: collected from done_, not completed
    std::atomic<ThreadPoolTask *> done_{nullptr}; // a stack, newest first

    mutable std::mutex mutex_; // guards the rest
    std::condition_variable wake_;
    Fifo queue_;
    int queued_ = 0;
    ThreadPoolLimits limits_;
    int idle_ = 0;
    bool stopping_ = false;
    Workers workers_;
    Workers departed_; // have left, or are about to return: to be joined
};

} // namespace iothreadd
