// SPDX-License-Identifier: Apache-2.0
//
// What the chardevs that are no sockets do when the other side is slow, is refused, or the daemon ends.
#include "daemon/chardev/byte_relay.hpp"
#include "tests/unit/chardev/chardev_fixture.hpp"

#include <sys/stat.h>

using namespace iothreadd;
using namespace iothreadd::test;
using Kind = qapi::ChardevBackendKind;

namespace {

const auto kPty = backend_of<Kind::pty>(qapi::ChardevPty{});
const auto kStdio = backend_of<Kind::stdio>(qapi::ChardevStdio{});

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
    UniqueFd reader;
    UniqueFd writer;
};

/// Standard input and output of the test are pipes while it lives.
struct PipedStdio {
    PipedStdio() : input_before(::dup(STDIN_FILENO)), output_before(::dup(STDOUT_FILENO)) {
        ::dup2(input.reader.get(), STDIN_FILENO);
        ::dup2(output.writer.get(), STDOUT_FILENO);
    }
    ~PipedStdio() {
        ::dup2(input_before.get(), STDIN_FILENO);
        ::dup2(output_before.get(), STDOUT_FILENO);
    }
    Pipe input;
    Pipe output;
    UniqueFd input_before;
    UniqueFd output_before;
};

struct RelayedFixture : ChardevFixture {
    /// A chardev that writes to a pipe which nobody reads, except the test.
    UniqueFd add_slow(const std::string &id) {
        REQUIRE(::mkfifo(path(id).c_str(), 0600) == 0);
        UniqueFd reader{::open(path(id).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
        REQUIRE(reader);
        REQUIRE(::fcntl(reader.get(), F_SETPIPE_SZ, 4096) > 0);
        REQUIRE(add(id, backend_of<Kind::file>(qapi::ChardevFileOptions{.path = path(id)})));
        return reader;
    }

    /// Be its monitor, and say more than the pipe takes.
    Chardev &attach_and_say(const std::string &id, const std::string &text) {
        Chardev &chardev = attach(id);
        REQUIRE(::write(streams.back().socket.get(), text.data(), text.size()) ==
                static_cast<ssize_t>(text.size()));
        run_idle();
        return chardev;
    }

    std::string read_all(const UniqueFd &fd, std::size_t bytes) {
        std::string all;
        while (all.size() < bytes)
            all += read(fd.get());
        return all;
    }

    UniqueFd open_terminal(const std::string &id) const {
        UniqueFd fd{
            ::open(chardevs.find(id)->pty().value().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
        REQUIRE(fd);
        return fd;
    }

    /// What has come by now, after some time.
    std::string heard(int fd) {
        run_idle();
        char buffer[4096];
        const ssize_t bytes = ::read(fd, buffer, sizeof(buffer));
        return {buffer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
    }
};

const std::string kMuch(60000, 'x');

} // namespace

TEST_CASE_METHOD(RelayedFixture, "RelayedChardev: last words go out after the monitor is gone", "[chardev]") {
    const UniqueFd reader = add_slow("f");
    attach_and_say("f", kMuch).detach();
    SECTION("when they are read") { CHECK(read_all(reader, kMuch.size()) == kMuch); }
    SECTION("before those of the next monitor") {
        attach_and_say("f", "next\n");
        CHECK(read_all(reader, kMuch.size() + 5) == kMuch + "next\n");
    }
    SECTION("though the chardev is removed") {
        REQUIRE(chardevs.remove("f").has_value());
        CHECK(read_all(reader, kMuch.size()) == kMuch);
    }
    SECTION("unless nobody reads them in time") {
        bool done = false;
        chardevs.drain([&] { done = true; });
        CHECK_FALSE(done);
        run_until([&] { return done; });
        CHECK(read_all(reader, 4096).size() == 4096); // what the pipe held
        CHECK(heard(reader.get()).empty());
    }
}

TEST_CASE_METHOD(RelayedFixture, "RelayedChardev: all that is left to say has one limit of time at the end",
                 "[chardev]") {
    constexpr int kMonitors = 8;
    std::vector<UniqueFd> readers;
    for (int i = 0; i < kMonitors; ++i) {
        const std::string id = "f" + std::to_string(i);
        readers.push_back(add_slow(id));
        Chardev &chardev = attach_and_say(id, kMuch);
        if (i % 2 == 0)
            chardev.detach();
        chardev.shut_down();
    }
    streams.clear();
    bool done = false;
    const auto begin = std::chrono::steady_clock::now();
    chardevs.drain([&] { done = true; });
    const auto took = [&] { return std::chrono::steady_clock::now() - begin; };
    CHECK(took() < ByteRelay::kFlushTimeout); // it waits in the event loop
    run_until([&] { return done; });
    CHECK(took() < kMonitors * ByteRelay::kFlushTimeout / 2);
}

TEST_CASE_METHOD(RelayedFixture, "RelayedChardev: with nothing left to say the end comes at once",
                 "[chardev]") {
    REQUIRE(add("p", kPty));
    attach("p");
    const UniqueFd terminal = open_terminal("p");
    await_clients(1);
    chardevs.shut_down();
    end(streams[0]);
    bool done = false;
    chardevs.drain([&] { done = true; });
    run_until([&] { return done; });
    CHECK(streams.size() == 1); // the terminal is open still, and its client is not taken once more
    chardevs.find("p")->detach();
}

TEST_CASE_METHOD(RelayedFixture, "RelayedChardev: whoever makes its files blocking blocks nobody",
                 "[chardev]") {
    Pipe input;
    Pipe output;
    REQUIRE(fds.add(1, UniqueFd{::dup(input.reader.get())}, {}).has_value());
    REQUIRE(fds.add(2, UniqueFd{::dup(output.writer.get())}, {}).has_value());
    REQUIRE(add("f", backend_of<Kind::file>(
                         qapi::ChardevFileOptions{.path = "/dev/fdset/2", .input_path = "/dev/fdset/1"})));
    attach("f");
    run_idle();
    REQUIRE(::fcntl(input.reader.get(), F_SETFL, 0) == 0);
    REQUIRE(::fcntl(output.writer.get(), F_SETFL, O_WRONLY) == 0);
    REQUIRE(::write(input.writer.get(), "question\n", 9) == 9);
    CHECK(read(streams[0].socket.get()) == "question\n");
    const std::string more = kMuch + kMuch; // than a pipe holds
    REQUIRE(::write(streams[0].socket.get(), more.data(), more.size()) == static_cast<ssize_t>(more.size()));
    run_idle();
    CHECK(read_all(output.reader, more.size()) == more);
}

TEST_CASE_METHOD(RelayedFixture, "PtyChardev: who is refused is told once, until he closes the terminal",
                 "[chardev]") {
    REQUIRE(add("p", kPty));
    attach("p");
    refuses = true;
    for (int client = 1; client <= 3; ++client) {
        const UniqueFd terminal = open_terminal("p");
        CHECK(read(terminal.get()) == "no\n");
        CHECK(heard(terminal.get()).empty());
        CHECK(refused == client);
        REQUIRE(::write(terminal.get(), "quit\n", 5) == 5);
    }
    run_idle();
    refuses = false;
    const UniqueFd terminal = open_terminal("p");
    await_clients(1);
    CHECK(heard(streams[0].socket.get()).empty()); // others said `quit`
    REQUIRE(::write(terminal.get(), "hi\n", 3) == 3);
    CHECK(read(streams[0].socket.get()) == "hi\n");
    CHECK(refused == 3);
}

TEST_CASE_METHOD(RelayedFixture, "PtyChardev: who was refused is a client of the next monitor", "[chardev]") {
    REQUIRE(add("p", kPty));
    Chardev &pty = attach("p");
    refuses = true;
    const UniqueFd terminal = open_terminal("p");
    CHECK(read(terminal.get()) == "no\n");
    run_idle();
    pty.detach();
    refuses = false;
    attach("p");
    await_clients(1);
}

TEST_CASE_METHOD(RelayedFixture, "StdioChardev: who is refused is told once, until the next monitor",
                 "[chardev]") {
    std::string told;
    std::string after;
    {
        PipedStdio stdio;
        REQUIRE(add("s", kStdio));
        refuses = true;
        attach("s");
        told = read(stdio.output.reader.get());
        after = heard(stdio.output.reader.get());
        chardevs.find("s")->detach();
        refuses = false;
        attach("s");
        run_idle();
        chardevs.find("s")->detach();
        run_idle();
    }
    CHECK(told == "no\n");
    CHECK(after.empty());
    CHECK(refused == 1);
    CHECK(streams.size() == 1);
}

TEST_CASE_METHOD(RelayedFixture, "PtyChardev: serves a client who came when no descriptor was free",
                 "[chardev]") {
    REQUIRE(add("p", kPty));
    attach("p");
    run_idle();
    const UniqueFd terminal = open_terminal("p");
    {
        const FewDescriptors none{0};
        run_idle();
        CHECK(streams.empty());
    }
    await_clients(1);
    REQUIRE(::write(streams[0].socket.get(), "hello\n", 6) == 6);
    CHECK(read(terminal.get()) == "hello\n");
}

TEST_CASE_METHOD(RelayedFixture, "StdioChardev: begins anew also after no descriptor was free", "[chardev]") {
    const PipedStdio stdio;
    REQUIRE(add("s", kStdio));
    attach("s");
    {
        const FewDescriptors none{0}; // the relay gives back three, and a new one needs four
        ::shutdown(streams[0].socket.get(), SHUT_RDWR);
        streams[0].ended();
        run_idle();
    }
    const auto clients = streams.size();
    await_clients(2);
    chardevs.find("s")->detach();
    run_idle();
    CHECK(clients == 1);
}
