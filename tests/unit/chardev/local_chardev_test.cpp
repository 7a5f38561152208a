// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/chardev/chardev_fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

using namespace iothreadd;
using namespace iothreadd::test;
using Kind = qapi::ChardevBackendKind;

namespace {

std::string contents(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

void say(const UniqueFd &fd, const std::string &text) {
    REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

UniqueFd open_terminal(const Chardev &pty) {
    UniqueFd fd{::open(pty.pty().value().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
    REQUIRE(fd);
    return fd;
}

/// Standard input and output of the test are something else while it lives.
class Redirected {
public:
    Redirected(int input, int output) : input_(::dup(STDIN_FILENO)), output_(::dup(STDOUT_FILENO)) {
        ::dup2(input, STDIN_FILENO);
        ::dup2(output, STDOUT_FILENO);
    }
    ~Redirected() {
        ::dup2(input_.get(), STDIN_FILENO);
        ::dup2(output_.get(), STDOUT_FILENO);
    }

private:
    UniqueFd input_;
    UniqueFd output_;
};

const auto kNull = backend_of<Kind::null>(qapi::ChardevNull{});
const auto kPty = backend_of<Kind::pty>(qapi::ChardevPty{});
const auto kStdio = backend_of<Kind::stdio>(qapi::ChardevStdio{});

} // namespace

TEST_CASE_METHOD(ChardevFixture, "FileChardev: writes what is said, anew or behind what is there",
                 "[chardev]") {
    const bool append = GENERATE(false, true);
    std::ofstream{path("out")} << "old\n";
    REQUIRE(
        add("f", backend_of<Kind::file>(qapi::ChardevFileOptions{.path = path("out"), .append = append})));
    CHECK(chardevs.find("f")->filename() == "file");
    Chardev &file = attach("f");
    REQUIRE(streams.size() == 1);
    say(streams[0].socket, "new\n");
    run_until([&] { return contents(path("out")).ends_with("new\n"); });
    say(streams[0].socket, "last words\n");
    file.detach();
    CHECK(contents(path("out")) == (append ? "old\nnew\nlast words\n" : "new\nlast words\n"));
}

TEST_CASE_METHOD(ChardevFixture,
                 "FileChardev: its client says what the other file contains, and then no more", "[chardev]") {
    std::ofstream{path("in")} << "question\n";
    REQUIRE(add("f", backend_of<Kind::file>(
                         qapi::ChardevFileOptions{.path = path("out"), .input_path = path("in")})));
    attach("f");
    CHECK(read(streams[0].socket.get()) == "question\n");
    CHECK(read(streams[0].socket.get()).empty());
    say(streams[0].socket, "answer\n");
    run_until([&] { return contents(path("out")) == "answer\n"; });
}

TEST_CASE_METHOD(ChardevFixture, "FileChardev: says which file it cannot open", "[chardev]") {
    CHECK(add("f", backend_of<Kind::file>(qapi::ChardevFileOptions{.path = path("no/such")})).error().desc ==
          "Could not open '" + path("no/such") + "': No such file or directory");
    CHECK(add("f", backend_of<Kind::file>(
                       qapi::ChardevFileOptions{.path = path("out"), .input_path = path("none")}))
              .error()
              .desc == "Could not open '" + path("none") + "': No such file or directory");
    CHECK_FALSE(std::filesystem::exists(path("out")));
}

TEST_CASE_METHOD(ChardevFixture, "FileChardev: its files may be in fd sets", "[chardev]") {
    const bool append = GENERATE(false, true);
    std::ofstream{path("in")} << "question\n";
    std::ofstream{path("out")} << "old\n";
    UniqueFd output{::open(path("out").c_str(), O_WRONLY | O_CLOEXEC)};
    REQUIRE(fds.add(1, UniqueFd{::open(path("in").c_str(), O_RDWR | O_CLOEXEC)}, {}).has_value());
    REQUIRE(fds.add(2, UniqueFd{::dup(output.get())}, {}).has_value());
    const auto files = [&](const std::string &out, const std::string &in) {
        return backend_of<Kind::file>(
            qapi::ChardevFileOptions{.path = out, .input_path = in, .append = append});
    };
    CHECK(add("f", files("/dev/fdset/2", "/dev/fdset/2")).error().desc ==
          "Could not open '/dev/fdset/2': Permission denied");
    CHECK(add("f", files("/dev/fdset/3", "/dev/fdset/1")).error().desc ==
          "Could not open '/dev/fdset/3': No such file or directory");
    CHECK(add("f", files("/dev/fdset/x", "/dev/fdset/1")).error().desc ==
          "Could not open '/dev/fdset/x': Invalid argument");
    CHECK(contents(path("out")) == "old\n");

    REQUIRE(add("f", files("/dev/fdset/2", "/dev/fdset/1")));
    attach("f");
    CHECK(read(streams[0].socket.get()) == "question\n");
    say(streams[0].socket, "answer\n");
    run_until([&] { return contents(path("out")).ends_with("answer\n"); });
    CHECK(contents(path("out")) == (append ? "old\nanswer\n" : "answer\n"));
    CHECK(fds.remove(2, {}).has_value());
    CHECK(fds.sets().size() == 2); // still in use
    chardevs.find("f")->detach();
    REQUIRE(chardevs.remove("f").has_value());
    CHECK(fds.sets().size() == 1);
}

TEST_CASE_METHOD(ChardevFixture, "FileChardev: what is refused, or over, leaves sent files as they were",
                 "[chardev]") {
    std::ofstream{path("in")} << "question\n";
    const UniqueFd input{::open(path("in").c_str(), O_RDONLY | O_CLOEXEC)};
    const UniqueFd output{::memfd_create("out", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    REQUIRE(::write(output.get(), "old", 3) == 3);
    const int input_flags = ::fcntl(input.get(), F_GETFL);
    const int output_flags = ::fcntl(output.get(), F_GETFL);
    REQUIRE(fds.add(1, UniqueFd{::dup(input.get())}, {}).has_value());
    REQUIRE(fds.add(2, UniqueFd{::dup(output.get())}, {}).has_value());
    const auto check_unchanged = [&] {
        CHECK(::fcntl(input.get(), F_GETFL) == input_flags);
        CHECK(::fcntl(output.get(), F_GETFL) == output_flags);
        CHECK(::lseek(output.get(), 0, SEEK_END) == 3);
    };
    const auto files = [&](const std::string &out, bool append = false) {
        return backend_of<Kind::file>(
            qapi::ChardevFileOptions{.path = out, .input_path = "/dev/fdset/1", .append = append});
    };
    CHECK(add("f", files("/dev/fdset/1")).error().desc == "Could not open '/dev/fdset/1': Permission denied");
    check_unchanged();
    {
        const FdSetFile used = fds.duplicate("/dev/fdset/2", O_RDWR);
        REQUIRE(used.fd);
        CHECK(add("f", files("/dev/fdset/2", true)).error().desc ==
              "Could not open '/dev/fdset/2': Device or resource busy");
        CHECK(add("f", files("/dev/fdset/2")).error().desc ==
              "Could not open '/dev/fdset/2': Device or resource busy");
        check_unchanged();
    }
    REQUIRE(add("f", files("/dev/fdset/2", true)));
    CHECK((::fcntl(output.get(), F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    CHECK(add("g", files("/dev/fdset/2")).error().desc ==
          "Could not open '/dev/fdset/1': Device or resource busy");
    REQUIRE(chardevs.remove("f").has_value());
    check_unchanged();
    REQUIRE(::fcntl(output.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    CHECK(add("f", files("/dev/fdset/2")).error().desc ==
          "Could not open '/dev/fdset/2': Operation not permitted");
    check_unchanged();
}

TEST_CASE_METHOD(ChardevFixture, "The null chardev takes everything and says nothing", "[chardev]") {
    REQUIRE(add("n", kNull));
    CHECK(chardevs.find("n")->filename() == "null");
    attach("n");
    for (int i = 0; i < 100; ++i) {
        const std::string much(65536, 'x');
        std::size_t sent = 0;
        run_until([&] {
            const ssize_t bytes = ::write(streams[0].socket.get(), much.data() + sent, much.size() - sent);
            sent += bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
            return sent == much.size();
        });
    }
    pollfd waiting{.fd = streams[0].socket.get(), .events = POLLIN, .revents = 0};
    CHECK(::poll(&waiting, 1, 0) == 0);
}

TEST_CASE_METHOD(ChardevFixture, "PtyChardev: whoever opens the terminal is the client until he closes it",
                 "[chardev]") {
    REQUIRE(add("p", kPty));
    Chardev &pty = attach("p");
    CHECK(pty.filename() == "pty:" + pty.pty().value());
    io.poll();
    CHECK(streams.empty()); // nobody there
    for (std::size_t client = 1; client <= 3; ++client) {
        UniqueFd terminal = open_terminal(pty);
        await_clients(client);
        const std::string greeting = "hello " + std::to_string(client) + "\n";
        say(streams.back().socket, greeting);
        CHECK(read(terminal.get()) == greeting); // as it was sent, and nothing of the one before
        say(terminal, "hi\n");
        CHECK(read(streams.back().socket.get()) == "hi\n");
        say(streams.back().socket, "not read any more\n");
        io.poll();
        terminal.reset();
        CHECK(read(streams.back().socket.get()).empty());
        end(streams.back());
    }
}

TEST_CASE_METHOD(ChardevFixture, "PtyChardev: a client that is sent away is there anew at once",
                 "[chardev]") {
    REQUIRE(add("p", kPty));
    Chardev &pty = attach("p");
    const UniqueFd terminal = open_terminal(pty);
    await_clients(1);
    end(streams[0]);
    await_clients(2);
    say(streams[1].socket, "again\n");
    CHECK(read(terminal.get()) == "again\n");
}

TEST_CASE_METHOD(ChardevFixture, "StdioChardev: talks to the pipes of the program, to the last word",
                 "[chardev]") {
    int input[2];
    int output[2];
    REQUIRE(::pipe2(input, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(output, O_CLOEXEC) == 0);
    const UniqueFd ends[] = {UniqueFd{input[0]}, UniqueFd{input[1]}, UniqueFd{output[0]},
                             UniqueFd{output[1]}};
    std::string heard;
    std::string told;
    {
        const Redirected redirected{input[0], output[1]};
        REQUIRE(add("s", kStdio));
        Chardev &stdio = attach("s");
        say(ends[1], "question\n");
        heard = read(streams[0].socket.get());
        say(streams[0].socket, "answer\n");
        stdio.detach();
        told = read(output[0]);
    }
    CHECK(heard == "question\n");
    CHECK(told == "answer\n");
    CHECK((::fcntl(input[0], F_GETFL) & O_NONBLOCK) == 0); // as it was before
    CHECK((::fcntl(output[1], F_GETFL) & O_NONBLOCK) == 0);
    CHECK(add("t", kStdio).error().desc == "cannot use stdio by multiple character devices");
}

TEST_CASE_METHOD(ChardevFixture, "StdioChardev: sets the terminal up for whoever echoes, and puts it back",
                 "[chardev]") {
    const Echo echo = GENERATE(Echo::by_terminal, Echo::by_monitor);
    const bool signals = GENERATE(true, false);
    REQUIRE(add("p", kPty));
    const UniqueFd terminal = open_terminal(*chardevs.find("p"));
    termios before{};
    REQUIRE(::tcgetattr(terminal.get(), &before) == 0);
    before.c_lflag |= ECHO | ICANON | ISIG;
    REQUIRE(::tcsetattr(terminal.get(), TCSANOW, &before) == 0);
    termios during{};
    {
        const Redirected redirected{terminal.get(), terminal.get()};
        REQUIRE(add("s", backend_of<Kind::stdio>(qapi::ChardevStdio{.signal = signals})));
        Chardev &stdio = attach("s", echo);
        ::tcgetattr(terminal.get(), &during);
        stdio.detach();
    }
    termios after{};
    ::tcgetattr(terminal.get(), &after);
    CHECK((during.c_lflag & (ECHO | ICANON)) == (echo == Echo::by_terminal ? ECHO | ICANON : 0U));
    CHECK((during.c_lflag & ISIG) == (signals ? ISIG : 0U));
    CHECK((during.c_oflag & OPOST) == (before.c_oflag & OPOST));
    CHECK(after.c_lflag == before.c_lflag);
}

TEST_CASE_METHOD(ChardevFixture, "Chardev: one monitor at a time; busy ones are not removed", "[chardev]") {
    REQUIRE(add("n", kNull));
    Chardev &null = attach("n");
    CHECK(null.attach([](ChardevStream) {}, Echo::by_terminal).error().desc ==
          "chardev 'n' is already in use");
    CHECK(chardevs.remove("n").error().desc == "Chardev 'n' is busy");
    null.detach();
    CHECK(chardevs.remove("n").has_value());
    CHECK(chardevs.remove("n").error().desc == "Chardev 'n' not found");
}
