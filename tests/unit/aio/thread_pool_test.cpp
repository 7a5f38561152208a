// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/thread_pool.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <deque>
#include <functional>
#include <string>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
class Task : public ThreadPoolTask {
public:
    explicit Task(std::function<int()> w = [] { return 0; }) : work(std::move(w)) {}
    int run() override { return work(); }
    void complete(int r) override {
        result = r;
        ++completions;
        on_complete();
    }
    std::function<int()> work;
    std::function<void()> on_complete = [] {};
    int result = 0;
    int completions = 0;
};

void complete(AioContext &context, const Task &task) {
    while (task.completions == 0)
        context.poll(true);
}

/// Holds its tasks until opened.
class Gate {
public:
    int pass() {
        ++waiting;
        while (!open)
            std::this_thread::yield();
        return 0;
    }
    void wait_for(int tasks) {
        while (waiting < tasks)
            std::this_thread::yield();
    }
    std::atomic<int> waiting{0};
    std::atomic<bool> open{false};
};

/// Until the pool has `count` workers.
bool settles_at(AioContext &context, const ThreadPool &pool, int count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (pool.workers() != count && std::chrono::steady_clock::now() < deadline) {
        context.poll(false);
        std::this_thread::yield();
    }
    return pool.workers() == count;
}
} // namespace

TEST_CASE("ThreadPool: runs a task elsewhere and completes it at home", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    const auto home = std::this_thread::get_id();
    std::thread::id worker;
    Task task{[&] {
        worker = std::this_thread::get_id();
        return 42;
    }};
    bool at_home = false;
    task.on_complete = [&] { at_home = std::this_thread::get_id() == home; };
    context->thread_pool().submit(task);
    CHECK(task.completions == 0);
    complete(*context, task);
    CHECK(task.result == 42);
    CHECK(at_home);
    CHECK(worker != home);
    context->thread_pool().submit(task); // may be used again
    while (task.completions == 1)
        context->poll(true);
    CHECK(task.completions == 2);
}

TEST_CASE("ThreadPool: workers are named and block signals", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    char name[16] = {};
    sigset_t blocked, home_before, home_after;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &home_before);
    Task task{[&] {
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
        return ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    }};
    context->thread_pool().submit(task);
    complete(*context, task);
    CHECK(std::string{name} == "worker");
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE})
        CHECK(::sigismember(&blocked, signal) == 1);
    CHECK(::sigismember(&blocked, SIGSEGV) == 0);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &home_after);
    CHECK(::sigismember(&home_after, SIGTERM) == ::sigismember(&home_before, SIGTERM));
}

TEST_CASE("ThreadPool: tasks start in order, and at most max run at a time", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    const int max = GENERATE(1, 3);
    context->set_thread_pool_limits({.min = 0, .max = max});
    ThreadPool &pool = context->thread_pool();
    CHECK(pool.workers() == 0);
    Gate gate;
    std::deque<Task> held;
    for (int i = 0; i < max; ++i)
        pool.submit(held.emplace_back([&] { return gate.pass(); }));
    gate.wait_for(max);
    std::atomic<int> started{0};
    std::deque<Task> tasks;
    for (int i = 0; i < 20; ++i)
        pool.submit(tasks.emplace_back([&] { return started++; }));
    CHECK(pool.workers() == max);
    CHECK(started == 0);
    gate.open = true;
    for (Task &task : tasks)
        complete(*context, task);
    if (max == 1) {
        for (int i = 0; i < 20; ++i)
            CHECK(tasks[static_cast<std::size_t>(i)].result == i);
    }
    CHECK(pool.workers() == max);
    for (Task &task : held)
        complete(*context, task);
}

TEST_CASE("ThreadPool: idle workers leave, down to min", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    ThreadPool pool{*context, {.min = 1, .max = 4}, std::chrono::milliseconds{1}};
    CHECK(pool.workers() == 1);
    Gate gate;
    std::deque<Task> tasks;
    for (int i = 0; i < 4; ++i)
        pool.submit(tasks.emplace_back([&] { return gate.pass(); }));
    gate.wait_for(4);
    CHECK(pool.workers() == 4);
    gate.open = true;
    CHECK(settles_at(*context, pool, 1));
    Task again;
    pool.submit(again);
    complete(*context, again);
    for (Task &task : tasks) {
        complete(*context, task); // the last worker may still be on its way out of one
        CHECK(task.completions == 1);
    }
}

TEST_CASE("ThreadPool: limits change while it works", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    ThreadPool &pool = context->thread_pool();
    context->set_thread_pool_limits({.min = 5, .max = 8});
    CHECK(pool.workers() == 5);
    context->set_thread_pool_limits({.min = 0, .max = 2});
    CHECK(settles_at(*context, pool, 2));
    Gate gate;
    std::deque<Task> tasks;
    for (int i = 0; i < 4; ++i)
        pool.submit(tasks.emplace_back([&] { return gate.pass(); }));
    gate.wait_for(2);
    context->set_thread_pool_limits({.min = 0, .max = 1}); // while both are at work
    gate.open = true;
    for (Task &task : tasks)
        complete(*context, task);
    CHECK(settles_at(*context, pool, 1));
}

TEST_CASE("ThreadPool: a pass inside a completion sees the other completions", "[aio][pool]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    context->set_thread_pool_limits({.min = 0, .max = 1});
    Task first, second;
    const auto wait_for_the_other = [&context](Task &other) {
        while (other.completions == 0)
            context->poll(true);
    };
    first.on_complete = [&] { wait_for_the_other(second); };
    std::atomic<bool> both{false};
    second.work = [&] {
        both = true;
        return 0;
    };
    context->thread_pool().submit(first);
    context->thread_pool().submit(second);
    while (!both)
        std::this_thread::yield();
    complete(*context, first);
    CHECK(second.completions == 1);
}

TEST_CASE("ThreadPool: destruction runs and completes what was submitted", "[aio][pool]") {
    auto context = make_context(GENERATE(from_range(monitors())));
    context->set_thread_pool_limits({.min = 0, .max = 2});
    std::deque<Task> tasks(50);
    for (Task &task : tasks)
        context->thread_pool().submit(task);
    context.reset();
    for (Task &task : tasks)
        CHECK(task.completions == 1);
}

TEST_CASE("ThreadPool: a host without threads fails the task", "[aio][pool]") {
    int result = 0;
    bool ran = false;
    std::thread{[&] {
        const auto context = make_context(FdMonitorKind::epoll);
        REQUIRE(forbid_system_call(SYS_clone3, EAGAIN));
        Task task{[&] {
            ran = true;
            return 0;
        }};
        context->thread_pool().submit(task);
        REQUIRE(task.completions == 0);
        complete(*context, task);
        result = task.result;
    }}.join();
    CHECK(result == -EAGAIN);
    CHECK(!ran);
}

TEST_CASE("ThreadPool: many short tasks from a running loop", "[aio][pool]") {
    LoopThread loop{GENERATE(from_range(monitors()))};
    std::deque<Task> tasks(32);
    std::promise<void> over;
    int left = 5000;
    loop.call([&] {
        for (Task &task : tasks) {
            task.on_complete = [&] {
                if (left-- > 0)
                    loop.context().thread_pool().submit(task);
                else if (left == -static_cast<int>(tasks.size()))
                    over.set_value();
            };
            loop.context().thread_pool().submit(task);
        }
    });
    REQUIRE(over.get_future().wait_for(std::chrono::seconds{40}) == std::future_status::ready);
    loop.call([] {});
}
