// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/thread_pool.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/util/thread.hpp"

#include <cassert>
#include <cerrno>
#include <system_error>

namespace iothreadd {

void ThreadPool::Fifo::push(ThreadPoolTask &task) {
    task.next_ = nullptr;
    *end_ = &task;
    end_ = &task.next_;
}

ThreadPoolTask *ThreadPool::Fifo::pop() {
    ThreadPoolTask *const task = first_;
    if (task != nullptr) {
        first_ = task->next_;
        if (first_ == nullptr)
            end_ = &first_;
    }
    return task;
}

ThreadPool::ThreadPool(AioContext &context, ThreadPoolLimits limits, std::chrono::milliseconds idle)
    : context_(context), delivery_(context, [this] { deliver(); }), idle_timeout_(idle) {
    set_limits(limits);
}

ThreadPool::~ThreadPool() {
    while (in_flight_ > 0)
        context_.poll(true);
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true; // from here on, workers_ and departed_ stay as they are
    }
    wake_.notify_all();
    for (Workers *list : {&workers_, &departed_}) {
        for (std::thread &worker : *list)
            worker.join();
    }
}

void ThreadPool::submit(ThreadPoolTask &task) {
    assert(AioContext::current() == &context_);
    ++in_flight_;
    task.account_ = &context_.account();
    {
        const std::lock_guard lock{mutex_};
        queue_.push(task);
        ++queued_;
        const bool may_grow = workers_.size() < static_cast<std::size_t>(limits_.max);
        if (queued_ > idle_ && may_grow && !spawn() && workers_.empty()) {
            queue_.pop(); // this one: with no worker left, the queue was empty
            --queued_;
            finish(task, -EAGAIN);
        }
    }
    wake_.notify_one();
}

void ThreadPool::set_limits(ThreadPoolLimits limits) {
    assert(limits.min >= 0 && limits.max > 0 && limits.min <= limits.max);
    {
        const std::lock_guard lock{mutex_};
        limits_ = limits;
        while (workers_.size() < static_cast<std::size_t>(limits.min) && spawn()) {
        }
    }
    wake_.notify_all();
}

int ThreadPool::workers() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(workers_.size());
}

/// Start one worker; false: the host has no thread for us.
bool ThreadPool::spawn() {
    const SignalsBlocked blocked;
    const auto self = workers_.emplace(workers_.end());
    try {
        *self = std::thread{[this, self] { work(self); }};
    } catch (const std::system_error &) {
        workers_.erase(self);
        return false;
    }
    return true;
}

// --- in a worker ---

void ThreadPool::work(Workers::iterator self) {
    set_thread_name("worker");
    std::unique_lock lock{mutex_};
    while (ThreadPoolTask *const task = next_task(lock)) {
        lock.unlock();
        finish(*task, task->run());
        lock.lock();
    }
    if (!stopping_) {
        departed_.splice(departed_.end(), workers_, self);
        delivery_.schedule(); // somebody has to join us
    }
}

bool ThreadPool::has_surplus() const { return workers_.size() > static_cast<std::size_t>(limits_.max); }

/// Wait for a task; null: leave.
ThreadPoolTask *ThreadPool::next_task(std::unique_lock<std::mutex> &lock) {
    for (;;) {
        if (has_surplus())
            return nullptr;
        if (ThreadPoolTask *const task = queue_.pop()) {
            --queued_;
            return task;
        }
        if (stopping_)
            return nullptr;
        ++idle_;
        const bool timed_out = wake_.wait_for(lock, idle_timeout_) == std::cv_status::timeout;
        --idle_;
        if (timed_out && queue_.empty() && workers_.size() > static_cast<std::size_t>(limits_.min))
            return nullptr;
    }
}

/// Send `task` home. It may be gone as soon as it is on the stack.
void ThreadPool::finish(ThreadPoolTask &task, int result) {
    task.result_ = result;
    task.next_ = done_.load(std::memory_order_relaxed);
    ThreadPoolTask *newest = task.next_;
    while (!done_.compare_exchange_weak(newest, &task, std::memory_order_release, // pairs with collect()
                                        std::memory_order_relaxed))
        task.next_ = newest;
    if (newest == nullptr) // else whoever put the first one there did
        delivery_.schedule();
}

// --- in the home thread ---

/// Append what is done to finished_, oldest first.
void ThreadPool::collect() {
    ThreadPoolTask *task = done_.exchange(nullptr, std::memory_order_acquire); // pairs with finish()
    ThreadPoolTask *oldest = nullptr;
    while (task != nullptr) {
        ThreadPoolTask *const older = task->next_;
        task->next_ = oldest;
        oldest = task;
        task = older;
    }
    while (oldest != nullptr) {
        ThreadPoolTask *const newer = oldest->next_;
        finished_.push(*oldest);
        oldest = newer;
    }
}

void ThreadPool::deliver() {
    collect();
    while (ThreadPoolTask *const task = finished_.pop()) {
        if (!finished_.empty())
            delivery_.schedule(); // a callback that runs the loop has to see the rest
        --in_flight_;
        context_.run_meter_.charge(task->account_);
        task->complete(task->result_);
    }
    join_departed();
}

void ThreadPool::join_departed() {
    Workers departed;
    {
        const std::lock_guard lock{mutex_};
        departed.swap(departed_);
    }
    for (std::thread &worker : departed)
        worker.join();
}

} // namespace iothreadd
