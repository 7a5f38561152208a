// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_handler.hpp"

#include "tests/unit/aio/aio_test.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

using namespace iothreadd;
using namespace iothreadd::test;

namespace {
struct SocketPair {
    SocketPair() {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        ours.reset(fds[0]);
        peer.reset(fds[1]);
    }
    UniqueFd ours, peer;
};

/// Reads at most `chunk` bytes per call and says whether that was all.
class Reader : public AioHandler {
public:
    Reader(int fd, std::size_t chunk) : AioHandler(fd, POLLIN), chunk_(chunk) {}

    Drained ready(std::uint32_t revents) override {
        ++calls;
        seen |= revents;
        const std::size_t before = text.size();
        text.resize(before + chunk_);
        const ssize_t count = ::read(fd(), text.data() + before, chunk_);
        text.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
        if (order != nullptr)
            *order += name;
        if (count == 0)
            end = true;
        return count > 0 ? Drained::no : Drained::yes;
    }

    int calls = 0;
    std::uint32_t seen = 0;
    bool end = false;
    std::string text;
    char name = '?';
    std::string *order = nullptr;

private:
    const std::size_t chunk_;
};

class Watcher : public AioHandler {
public:
    using AioHandler::AioHandler;
    Drained ready(std::uint32_t revents) override {
        seen.push_back(revents);
        return Drained::yes;
    }
    std::vector<std::uint32_t> seen;
};
} // namespace

TEST_CASE("AioHandler: added and removed without firing is no progress", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    context->add(handler);
    CHECK(!context->poll(false));
    context->remove(handler);
    CHECK(!context->poll(false));
    CHECK(handler.events_seen == 0);
}

TEST_CASE("AioHandler: an event is reported once", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    const bool set_before_add = GENERATE(true, false);
    if (set_before_add)
        handler.set();
    context->add(handler);
    CHECK(context->poll(false) == set_before_add);
    if (!set_before_add) {
        handler.set();
        CHECK(context->poll(false));
    }
    CHECK(handler.events_seen == 1);
    CHECK(handler.last_revents == POLLIN);
    CHECK(!context->poll(false));
    CHECK(handler.events_seen == 1);
    context->remove(handler);
}

TEST_CASE("AioHandler: one that sets itself fires once per pass", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler handler;
    handler.on_ready = [&] {
        if (handler.events_seen < 10)
            handler.set();
    };
    context->add(handler);
    handler.set();
    for (int pass = 1; pass <= 10; ++pass) {
        CHECK(context->poll(true));
        CHECK(handler.events_seen == pass);
    }
    CHECK(!context->poll(false));
    context->remove(handler);
}

TEST_CASE("AioHandler: a silent neighbour is not disturbed", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler busy, silent;
    context->add(busy);
    context->add(silent);
    for (int i = 1; i <= 5; ++i) {
        busy.set();
        CHECK(context->poll(true));
        CHECK(busy.events_seen == i);
    }
    CHECK(silent.events_seen == 0);
    context->remove(silent);
    busy.set();
    CHECK(context->poll(true));
    context->remove(busy);
}

TEST_CASE("AioHandler: a socket read in parts stays ready, behind the others", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    SocketPair first, second;
    std::string order;
    Reader slow{first.ours.get(), 1}, other{second.ours.get(), 100};
    slow.name = 's';
    slow.order = &order;
    other.name = 'o';
    other.order = &order;
    context->add(slow);
    context->add(other);
    REQUIRE(::write(first.peer.get(), "abc", 3) == 3);
    CHECK(context->poll(true));
    CHECK(order == "s");
    REQUIRE(::write(second.peer.get(), "x", 1) == 1);
    CHECK(context->poll(true)); // no new event for `slow`, and `other` came later, yet it goes first
    CHECK(order == "sos");
    run_until_idle(*context);
    CHECK(slow.text == "abc");
    CHECK(slow.calls == 4); // the last one found EAGAIN
    CHECK(other.calls == 2);
    CHECK(!context->poll(false));
    context->remove(slow);
    context->remove(other);
}

TEST_CASE("AioHandler: new data for a half-read socket is not lost", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    SocketPair pair;
    Reader reader{pair.ours.get(), 2};
    context->add(reader);
    REQUIRE(::write(pair.peer.get(), "abc", 3) == 3);
    CHECK(context->poll(true));
    REQUIRE(::write(pair.peer.get(), "def", 3) == 3);
    pair.peer.reset();
    run_until_idle(*context);
    CHECK(reader.text == "abcdef");
    CHECK(reader.end);
    CHECK((reader.seen & POLLHUP) != 0);
    context->remove(reader);
}

TEST_CASE("AioHandler: set_events reports what is ready already", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    SocketPair pair;
    Watcher watcher{pair.ours.get(), POLLIN};
    context->add(watcher);
    CHECK(!context->poll(false));
    watcher.set_events(POLLIN | POLLOUT);
    CHECK(context->poll(false));
    CHECK(watcher.seen == std::vector<std::uint32_t>{POLLOUT});
    watcher.set_events(0);
    REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
    CHECK(!context->poll(false));
    CHECK(watcher.seen.size() == 1);
    watcher.set_events(POLLIN);
    CHECK(context->poll(false));
    CHECK(watcher.seen == std::vector<std::uint32_t>{POLLOUT, POLLIN});
    watcher.set_events(POLLOUT);
    watcher.set_events(POLLIN); // back before the kernel saw it: still there, reported again
    CHECK(context->poll(false));
    CHECK(watcher.seen == std::vector<std::uint32_t>{POLLOUT, POLLIN, POLLIN});
    context->remove(watcher);
}

TEST_CASE("AioHandler: a hang-up is reported whatever is watched", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    SocketPair pair;
    Watcher watcher{pair.ours.get(), 0};
    context->add(watcher);
    CHECK(!context->poll(false));
    pair.peer.reset();
    CHECK(context->poll(false));
    REQUIRE(watcher.seen.size() == 1);
    CHECK((watcher.seen[0] & POLLHUP) != 0);
    context->remove(watcher);
}

TEST_CASE("AioHandler: a descriptor that cannot be watched is an error event", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    UniqueFd closed = make_eventfd();
    const int number = closed.get();
    closed.reset();
    Watcher watcher{number, POLLIN};
    context->add(watcher);
    CHECK(context->poll(false));
    CHECK(watcher.seen == std::vector<std::uint32_t>{POLLERR});
    CHECK(!context->poll(false));
    context->remove(watcher);
}

TEST_CASE("AioHandler: a file that is always ready is an error event", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    char path[] = "/tmp/aio-test-XXXXXX";
    UniqueFd file{::mkostemp(path, O_CLOEXEC)};
    REQUIRE(file);
    ::unlink(path);
    Watcher watcher{file.get(), POLLIN};
    context->add(watcher);
    CHECK(context->poll(false));
    run_until_idle(*context);
    REQUIRE(watcher.seen.size() == 1);
    CHECK((watcher.seen[0] & POLLERR) != 0);
    CHECK(!context->poll(false)); // and it does not keep the loop busy
    context->remove(watcher);
}

TEST_CASE("AioHandler: may be destroyed with its events already collected", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    auto first = std::make_unique<EventHandler>(), second = std::make_unique<EventHandler>();
    EventHandler *const handlers[] = {first.get(), second.get()};
    int calls = 0;
    const auto remove_both = [&] {
        ++calls;
        for (EventHandler *handler : handlers)
            context->remove(*handler);
        first.reset(); // one of them is being called back, the other is ready
        second.reset();
    };
    for (EventHandler *handler : handlers) {
        handler->on_ready = remove_both;
        context->add(*handler);
        handler->set();
    }
    CHECK(context->poll(true));
    CHECK(calls == 1);
    CHECK(!context->poll(false));
}

TEST_CASE("AioHandler: may be destroyed with its events still in the kernel", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    for (int round = 0; round < 100; ++round) {
        auto handler = std::make_unique<EventHandler>();
        context->add(*handler);
        if (round % 2 == 0)
            context->poll(false);
        handler->set();
        context->remove(*handler);
        handler.reset();
        EventHandler next; // takes the place: memory, descriptor number and slot
        context->add(next);
        CHECK(!context->poll(false));
        CHECK(next.events_seen == 0);
        next.set();
        CHECK(context->poll(false));
        CHECK(next.events_seen == 1);
        context->remove(next);
    }
}

TEST_CASE("AioHandler: removal lets go of the file, also with an event on its way", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    SocketPair pair;
    Watcher watcher{pair.ours.get(), POLLIN};
    context->add(watcher);
    CHECK(!context->poll(false));
    REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
    context->remove(watcher);
    pair.ours.reset();
    CHECK(!context->poll(false));
    char byte = 0;
    CHECK(::read(pair.peer.get(), &byte, 1) <= 0); // end of file or reset, not EAGAIN
    CHECK(errno != EAGAIN);
    errno = 0;
    CHECK(::send(pair.peer.get(), "y", 1, MSG_NOSIGNAL) == -1);
    CHECK(errno == EPIPE);
}

TEST_CASE("AioHandler: another thread gets a sleeping loop to remove it", "[aio][handler]") {
    LoopThread loop{GENERATE(from_range(monitors())), {.max_ns = 0}};
    std::optional<EventHandler> handler;
    handler.emplace();
    for (int round = 0; round < 200; ++round) {
        std::promise<void> fired;
        handler->on_ready = [&] { fired.set_value(); };
        loop.call([&] { loop.context().add(*handler); });
        handler->set();
        fired.get_future().wait();
        loop.call([&] { loop.context().remove(*handler); });
        handler->set(); // nobody watches
        if (round % 2 == 0)
            handler.emplace(); // gone at once, its memory used again
        else
            handler->reset(); // the same descriptor again, at once
    }
    CHECK(handler->events_seen <= 2);
    CHECK(loop.context().stats().blocks > 0);
}

TEST_CASE("AioHandler: a pass inside a callback dispatches what else is ready", "[aio][handler]") {
    const auto context = make_context(GENERATE(from_range(monitors())));
    EventHandler first, second;
    std::string order;
    const auto nest = [&] {
        if (order.empty()) {
            order += '(';
            CHECK(context->poll(true)); // the other one is on the outer pass's list
            order += ')';
        } else {
            order += 'x';
        }
    };
    first.on_ready = nest;
    second.on_ready = nest;
    context->add(first);
    context->add(second);
    first.set();
    second.set();
    CHECK(context->poll(true));
    CHECK(order == "(x)");
    CHECK(!context->poll(false));
    context->remove(first);
    context->remove(second);
}
