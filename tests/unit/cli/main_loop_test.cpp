// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/main_loop.hpp"

#include "daemon/aio/aio_timer.hpp"
#include "daemon/aio/bottom_half.hpp"

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <thread>

using namespace iothreadd;

namespace {

constexpr std::int64_t kSecond = 1000000000;

struct LoopFixture {
    boost::asio::io_context io{1};
    std::unique_ptr<MainLoop> loop = std::move(*MainLoop::create(io));

    /// Run Asio until `done`, ten seconds at most.
    template <class Fn>
    bool run_until(Fn done) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (!done() && std::chrono::steady_clock::now() < end)
            io.run_one_until(end);
        return done();
    }
};

class Counter final : public AioHandler {
public:
    explicit Counter(int fd) : AioHandler(fd, POLLIN), fd_(fd) {}
    Drained ready(std::uint32_t) override {
        std::uint64_t value = 0;
        while (::read(fd_, &value, sizeof value) == sizeof value)
            seen += value;
        return Drained::yes;
    }
    std::uint64_t seen = 0;

private:
    int fd_;
};

double thread_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

} // namespace

TEST_CASE("MainLoop: what another thread posts runs on the main thread", "[cli]") {
    LoopFixture fixture;
    std::thread::id ran_in;
    bool ran = false;
    std::thread poster{[&] {
        fixture.loop->context().post([&] {
            ran_in = std::this_thread::get_id();
            ran = true;
        });
    }};
    CHECK(fixture.run_until([&] { return ran; }));
    CHECK(ran_in == std::this_thread::get_id());
    poster.join();
}

TEST_CASE("MainLoop: a post from the main thread needs no descriptor", "[cli]") {
    LoopFixture fixture;
    int runs = 0;
    fixture.loop->context().post([&] {
        ++runs;
        fixture.loop->context().post([&] { ++runs; });
    });
    CHECK(fixture.run_until([&] { return runs == 2; }));
}

TEST_CASE("MainLoop: a timer is kept, also when it becomes the earlier one later", "[cli]") {
    LoopFixture fixture;
    bool late = false;
    bool soon = false;
    AioTimer late_timer{fixture.loop->context(), [&] { late = true; }};
    AioTimer soon_timer{fixture.loop->context(), [&] { soon = true; }};
    late_timer.arm_after(3600 * kSecond);
    fixture.io.poll();
    soon_timer.arm_after(kSecond / 200);
    CHECK(fixture.run_until([&] { return soon; }));
    CHECK(!late);
    late_timer.cancel();
}

TEST_CASE("MainLoop: a handler added between passes is served", "[cli]") {
    LoopFixture fixture;
    fixture.io.poll();
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    REQUIRE(fd >= 0);
    Counter counter{fd};
    fixture.loop->context().add(counter);
    std::thread writer{[&] {
        const std::uint64_t one = 1;
        REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
    }};
    CHECK(fixture.run_until([&] { return counter.seen == 1; }));
    writer.join();
    fixture.loop->context().remove(counter);
    ::close(fd);
}

TEST_CASE("MainLoop: costs nothing while nothing happens", "[cli]") {
    LoopFixture fixture;
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    Counter counter{fd};
    fixture.loop->context().add(counter);
    boost::asio::steady_timer end{fixture.io, std::chrono::milliseconds{300}};
    end.async_wait([](const boost::system::error_code &) {});
    fixture.io.poll();
    const double before = thread_cpu_seconds();
    const auto handlers = fixture.io.run_one(); // nothing else becomes ready until the timer does
    CHECK(handlers == 1);
    CHECK(thread_cpu_seconds() - before < 0.1);
    fixture.loop->context().remove(counter);
    ::close(fd);
}
