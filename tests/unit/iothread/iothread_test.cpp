// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread.hpp"

#include "tests/unit/iothread/fixture.hpp"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

using namespace iothreadd;

namespace {

std::string read_first_line(const std::string &path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

/// Run `fn` in the token's home thread and give back what it returns.
template <class Fn>
auto run_in(const HolderToken &token, Fn fn) {
    std::promise<decltype(fn())> promise;
    auto result = promise.get_future();
    token.context().post([&] { promise.set_value(fn()); });
    return result.get();
}

} // namespace

TEST_CASE("IOThread: the thread runs, under its name, before complete() returns", "[iothread]") {
    IOThreadFixture fixture;
    const auto fd_monitor = GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll);
    const auto iothread = fixture.make("averyveryverylongname", {}, fd_monitor);
    REQUIRE(iothread->thread_id() > 0);
    CHECK(read_first_line("/proc/self/task/" + std::to_string(iothread->thread_id()) + "/comm") ==
          "IO averyveryver");

    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    CHECK(run_in(token, [] { return ::gettid(); }) == iothread->thread_id());
    CHECK(run_in(token, [] { return AioContext::current(); }) == &token.context());
}

TEST_CASE("IOThread: signals stay away from it", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0");
    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    const bool term_blocked = run_in(token, [] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        return sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1 &&
               sigismember(&mask, SIGSEGV) == 0;
    });
    CHECK(term_blocked);
}

TEST_CASE("IOThread: the pool lists them in creation order and forgets the deleted", "[iothread]") {
    IOThreadFixture fixture;
    auto zz = fixture.make("zz");
    auto aa = fixture.make("aa");
    auto mm = fixture.make("mm");
    REQUIRE(fixture.pool.iothreads().size() == 3);
    CHECK(fixture.pool.iothreads()[0]->id() == "zz");
    CHECK(fixture.pool.iothreads()[1]->id() == "aa");
    CHECK(fixture.pool.find("mm") == mm.get());
    const pid_t thread = aa->thread_id();
    aa.reset();
    CHECK(fixture.pool.find("aa") == nullptr);
    const std::string task = "/proc/self/task/" + std::to_string(thread);
    for (int tries = 0; tries < 1000 && ::access(task.c_str(), F_OK) == 0; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds{1}); // the kernel may need a moment
    CHECK(::access(task.c_str(), F_OK) != 0);
    CHECK(fixture.pool.iothreads().size() == 2);
}

TEST_CASE("IOThread: deletion is refused with the names of at most eight holders", "[iothread]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    CHECK(io0->prepare_delete());
    std::vector<HolderToken> tokens;
    tokens.push_back(io0->hold(Holder::block_node("n0")));
    tokens.push_back(io0->hold(Holder::block_export("e0")));
    CHECK(io0->prepare_delete().error().desc ==
          "object 'io0' is in use, can not be deleted: held by block-export 'e0', block-node 'n0'");
    for (int i = 1; i < 10; ++i)
        tokens.push_back(io0->hold(Holder::block_export("e" + std::to_string(i))));
    CHECK(io0->prepare_delete().error().desc ==
          "object 'io0' is in use, can not be deleted: held by block-export 'e9', block-export 'e8', "
          "block-export 'e7', block-export 'e6', block-export 'e5', block-export 'e4', block-export 'e3', "
          "block-export 'e2' and 3 more");
    tokens.clear();
    CHECK(io0->prepare_delete());
}

TEST_CASE("IOThread: a refused change of parameters changes nothing", "[iothread]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    IOThreadParameters wanted = io0->parameters();
    wanted.poll_max_ns = 1000;
    REQUIRE(io0->set_parameters(wanted));
    CHECK(io0->parameters().poll_max_ns == 1000);
    IOThreadParameters bad = wanted;
    bad.thread_pool_min = 65;
    CHECK(!io0->set_parameters(bad));
    CHECK(io0->parameters() == wanted);
}

TEST_CASE("IOThread: a start that fails leaves no thread", "[iothread]") {
    IOThreadFixture fixture;
    IOThread iothread{
        "io0", {.thread_pool_min = 2, .thread_pool_max = 1}, FdMonitorKind::automatic, fixture.pool};
    CHECK(iothread.complete().error().desc == "bad thread-pool-min/thread-pool-max values");
    CHECK(fixture.pool.iothreads().empty());
}

TEST_CASE("IOThread: the list of holders can be read from any thread while it changes", "[iothread]") {
    IOThreadFixture fixture;
    const auto io0 = fixture.make("io0");
    std::atomic<bool> stop{false};
    std::size_t most = 0;
    std::thread reader{[&] {
        while (!stop.load())
            most = std::max(most, io0->holders().size());
    }};
    for (int i = 0; i < 2000; ++i) {
        const HolderToken first = io0->hold(Holder::block_export("e0"));
        const HolderToken second = io0->hold(Holder::block_node("n0"));
    }
    stop.store(true);
    reader.join();
    CHECK(most <= 2);
    CHECK(io0->holders().empty());
}

TEST_CASE("IOThread: many come and go", "[iothread]") {
    IOThreadFixture fixture;
    const auto fd_monitor = GENERATE(FdMonitorKind::automatic, FdMonitorKind::epoll);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<IOThread>> iothreads;
        for (int i = 0; i < 5; ++i)
            iothreads.push_back(fixture.make("io" + std::to_string(i), {}, fd_monitor));
        for (const auto &iothread : iothreads) {
            const HolderToken token = iothread->hold(Holder::block_export("e0"));
            CHECK(run_in(token, [] { return ::gettid(); }) == iothread->thread_id());
        }
    }
    CHECK(fixture.pool.iothreads().empty());
}

namespace {
/// Run the main loop until there are `count` events.
void await_events(IOThreadFixture &fixture, std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (fixture.events.all.size() < count && std::chrono::steady_clock::now() < deadline) {
        fixture.main_context->poll(false);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    REQUIRE(fixture.events.all.size() == count);
}
} // namespace

TEST_CASE("IOThread: tells whose callbacks take too long, while they do and afterwards", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0", {.stall_limit_ns = 50'000'000});
    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    fixture.events.all.clear();
    std::promise<void> over;
    token.home().post([&] { over.get_future().wait(); });
    await_events(fixture, 1);
    CHECK(fixture.events.all[0].find("IOTHREAD_STALLED") == 0);
    CHECK(fixture.events.all[0].find(R"("ended":false)") != std::string::npos);
    CHECK(fixture.events.all[0].find(R"("export-name":"e0")") != std::string::npos);
    CHECK(iothread->stats().running_ns > 50'000'000);
    over.set_value();
    await_events(fixture, 2);
    CHECK(fixture.events.all[1].find(R"("ended":true)") != std::string::npos);
    CHECK(fixture.events.all[1].find(R"("export-name":"e0")") != std::string::npos);
    CHECK(iothread->stats().stats.stalls == 1);
    CHECK(iothread->stats().running_ns == 0);
}

TEST_CASE("IOThread: a stall of nobody in particular names no holder", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0", {.stall_limit_ns = 1'000'000});
    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    fixture.events.all.clear();
    token.context().post([] { std::this_thread::sleep_for(std::chrono::milliseconds{5}); });
    await_events(fixture, 1);
    CHECK(fixture.events.all[0].find("IOTHREAD_STALLED") == 0);
    CHECK(fixture.events.all[0].find("holder") == std::string::npos);
}

TEST_CASE("IOThread: an IOThread without a limit does not wake the main loop", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0", {.stall_limit_ns = 0});
    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    while (fixture.main_context->poll(false)) {
    }
    const std::uint64_t passes = fixture.main_context->stats().passes;
    for (int i = 0; i < 20; ++i) {
        run_in(token, [] { return 0; });
        std::this_thread::sleep_for(std::chrono::milliseconds{1}); // so that it sleeps
        CHECK(!fixture.main_context->poll(false));
    }
    CHECK(fixture.main_context->stats().passes == passes + 20);
}

TEST_CASE("IOThread: without a limit nothing is a stall", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0", {.stall_limit_ns = 1'000'000});
    IOThreadParameters parameters = iothread->parameters();
    parameters.stall_limit_ns = 0;
    REQUIRE(iothread->set_parameters(parameters));
    const HolderToken token = iothread->hold(Holder::block_export("e0"));
    fixture.events.all.clear();
    run_in(token, [] {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        return 0;
    });
    for (int i = 0; i < 50; ++i) {
        fixture.main_context->poll(false);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    CHECK(fixture.events.all.empty());
}

TEST_CASE("IOThread: knows what each holder had from it", "[iothread]") {
    IOThreadFixture fixture;
    const auto iothread = fixture.make("io0");
    const HolderToken busy = iothread->hold(Holder::block_export("busy"));
    const HolderToken idle = iothread->hold(Holder::block_export("idle"));
    std::promise<void> ran;
    busy.home().post([&] {
        AioContext::current()->account().count_request(4096);
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
        ran.set_value();
    });
    ran.get_future().wait();
    run_in(idle, [] { return 0; }); // the pass before is over; context() is the loop's own account
    const IOThreadStatsSnapshot stats = iothread->stats();
    REQUIRE(stats.holders.size() == 2);
    CHECK(stats.holders[0].holder == Holder::block_export("idle"));
    CHECK(stats.holders[0].stats.callbacks == 0);
    CHECK(stats.holders[1].stats.callbacks == 1);
    CHECK(stats.holders[1].stats.run_ns >= 2'000'000);
    CHECK(stats.holders[1].stats.longest_run_ns == stats.holders[1].stats.run_ns);
    CHECK(stats.holders[1].stats.requests == 1);
    CHECK(stats.holders[1].stats.bytes == 4096);
}
