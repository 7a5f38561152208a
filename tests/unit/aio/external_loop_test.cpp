// SPDX-License-Identifier: Apache-2.0
//
// A context that another loop drives, here a plain epoll, as Asio does for the main thread.
#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/thread_pool.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <liburing.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <thread>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
class OuterLoop {
public:
    explicit OuterLoop(AioContext &context, bool with_hook = true)
        : context_(context), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{};
        event.events = EPOLLIN;
        REQUIRE(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, context.watch_fd(), &event) == 0);
        if (with_hook)
            context.set_wake_hook([](void *self) { ++static_cast<OuterLoop *>(self)->hooks; }, this);
    }

    /// Sleep until the context wants a pass, and run it. False: 10 s went by, or `at_most_ms`.
    bool turn(int at_most_ms = 10'000) {
        if (std::exchange(hooks_done_, hooks) == hooks && !wait(at_most_ms))
            return false;
        context_.poll(false);
        return true;
    }

    template <class Done>
    bool run_until(Done done) {
        while (!done()) {
            if (!turn())
                return false;
        }
        return true;
    }

    int hooks = 0;

private:
    bool wait(int at_most_ms) {
        const auto deadline_ns = context_.next_deadline_ns();
        int timeout_ms = at_most_ms;
        if (deadline_ns) {
            const std::int64_t left_ns = std::max<std::int64_t>(0, *deadline_ns - context_.now_ns());
            timeout_ms =
                static_cast<int>(std::min<std::int64_t>(at_most_ms, (left_ns + 999'999) / 1'000'000));
        }
        epoll_event event{};
        int count = 0;
        do
            count = ::epoll_wait(epoll_.get(), &event, 1, timeout_ms);
        while (count < 0 && errno == EINTR);
        return count > 0 || (deadline_ns && *deadline_ns <= context_.now_ns());
    }

    AioContext &context_;
    UniqueFd epoll_;
    int hooks_done_ = 0;
};

std::unique_ptr<AioContext> make_external_context(FdMonitorKind kind) {
    return make_context({.fd_monitor = kind, .loop = AioContext::Loop::external});
}

class Nop : public AioCompletion {
public:
    void complete(int) override { ++completions; }
    int completions = 0;
};
} // namespace

TEST_CASE("External loop: an event of a descriptor arrives", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    EventHandler handler;
    context->add(handler);
    for (int i = 1; i <= 10; ++i) {
        handler.set();
        CHECK(outer.run_until([&] { return handler.events_seen == i; }));
    }
    CHECK(!outer.turn(0)); // and then it is quiet
    std::thread other{[&] { handler.set(); }};
    CHECK(outer.run_until([&] { return handler.events_seen == 11; }));
    other.join();
    context->remove(handler);
}

TEST_CASE("External loop: another thread wakes it", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    int posted = 0;
    BottomHalf bh{*context, [&] { ++posted; }};
    for (int i = 1; i <= 50; ++i) {
        std::thread other{[&] {
            if (i % 2 == 0)
                context->post([&] { ++posted; });
            else
                bh.schedule();
        }};
        CHECK(outer.run_until([&] { return posted == i; }));
        other.join();
    }
    std::thread other{[&] { context->notify(); }};
    CHECK(outer.turn());
    other.join();
    CHECK(outer.hooks == 0); // the hook is for the home thread's own work
}

TEST_CASE("External loop: work that its own thread queues outside a pass calls the hook once",
          "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    while (outer.turn(0)) {
    }
    REQUIRE(outer.hooks == 0);
    int ran = 0;
    SECTION("a bottom half") {
        BottomHalf bh{*context, [&] { ++ran; }};
        bh.schedule();
        CHECK(outer.hooks == 1);
        context->post([&] { ++ran; });
        CHECK(outer.hooks == 1);
        CHECK(outer.turn());
        CHECK(ran == 2);
        bh.schedule();
        CHECK(outer.hooks == 2);
        CHECK(outer.turn());
        CHECK(ran == 3);
    }
    SECTION("an earlier deadline") {
        AioTimer late{*context, [&] { ++ran; }}, soon{*context, [&] { ++ran; }};
        const std::int64_t now_ns = context->now_ns();
        soon.arm_at(now_ns + 2'000'000);
        CHECK(outer.hooks == 1);
        outer.turn();
        late.arm_at(now_ns + 4'000'000);
        CHECK(outer.hooks == 1); // not earlier
        CHECK(outer.run_until([&] { return ran == 2; }));
        CHECK(!context->next_deadline_ns());
    }
    SECTION("an operation") {
        if (!context->has_ring())
            return;
        Nop first, second;
        const auto nop = [](io_uring_sqe *sqe) { ::io_uring_prep_nop(sqe); };
        context->submit(first, nop);
        CHECK(outer.hooks == 1);
        context->submit(second, nop);
        CHECK(outer.hooks == 1);
        CHECK(outer.run_until([&] { return first.completions + second.completions == 2; }));
    }
    SECTION("a handler") {
        EventHandler handler;
        context->add(handler);
        CHECK(outer.hooks == 1);
        CHECK(outer.turn());
        context->remove(handler);
        CHECK(outer.hooks == 2);
        CHECK(outer.turn());
    }
}

TEST_CASE("External loop: work queued inside a pass is due at once, without the hook", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    int runs = 0;
    std::optional<BottomHalf> bh;
    bh.emplace(*context, [&] {
        if (++runs < 5)
            bh->schedule();
    });
    bh->schedule();
    CHECK(outer.hooks == 1);
    CHECK(outer.turn());
    CHECK(context->next_deadline_ns() == 0);
    CHECK(outer.run_until([&] { return runs == 5; }));
    CHECK(outer.hooks == 1);
    CHECK(!context->next_deadline_ns());
}

TEST_CASE("External loop: without a hook the descriptor becomes readable", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context, false};
    int ran = 0;
    context->post([&] { ++ran; });
    CHECK(outer.turn());
    CHECK(ran == 1);
}

TEST_CASE("External loop: pool tasks and timers complete", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    class Task : public ThreadPoolTask {
    public:
        int run() override { return 7; }
        void complete(int r) override { result = r; }
        int result = 0;
    };
    Task tasks[20];
    for (Task &task : tasks)
        context->thread_pool().submit(task);
    CHECK(outer.run_until(
        [&] { return std::all_of(tasks, tasks + 20, [](Task &t) { return t.result == 7; }); }));
}

TEST_CASE("External loop: never spins, whatever the parameters", "[aio][external]") {
    const auto context = make_external_context(GENERATE(from_range(monitors())));
    OuterLoop outer{*context};
    context->set_poll_parameters({.max_ns = 1'000'000});
    PolledHandler handler;
    context->add(handler);
    for (int i = 1; i <= 10; ++i) {
        handler.set();
        CHECK(outer.run_until([&] { return handler.events_seen == i; }));
    }
    handler.set();
    CHECK(context->poll(true)); // a synchronous wait of the main thread
    CHECK(handler.probes == 0);
    CHECK(context->stats().poll_rounds == 0);
    context->remove(handler);
}
