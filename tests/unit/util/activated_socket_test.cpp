// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/activated_socket.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>

using namespace iothreadd;

namespace {

/// What a service manager does: listening sockets at descriptors 3 and 4, and the environment that names
/// them. Whatever the test program had there comes back at the end.
class Activation {
public:
    Activation(const char *names, pid_t pid) {
        for (const int fd : {3, 4}) {
            saved_[fd - 3].reset(::fcntl(fd, F_DUPFD_CLOEXEC, 5));
            UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            const UniqueFd listener{::fcntl(socket.get(), F_DUPFD_CLOEXEC, 5)};
            socket.reset(); // it may be the very descriptor
            REQUIRE(::listen(listener.get(), 1) == 0);
            REQUIRE(::dup2(listener.get(), fd) == fd);
        }
        ::setenv("LISTEN_FDS", "2", 1);
        ::setenv("LISTEN_PID", std::to_string(pid).c_str(), 1);
        ::setenv("LISTEN_FDNAMES", names, 1);
    }
    ~Activation() {
        for (const char *name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"})
            ::unsetenv(name);
        for (const int fd : {3, 4}) {
            if (saved_[fd - 3])
                ::dup2(saved_[fd - 3].get(), fd);
            else
                ::close(fd);
        }
    }

private:
    UniqueFd saved_[2];
};

} // namespace

TEST_CASE("take_passed_socket: finds a socket by the name that the service manager gave it", "[util]") {
    const Activation activation{"nbd:qmp", ::getpid()};
    auto qmp = take_passed_socket("qmp");
    REQUIRE(qmp.has_value());
    CHECK(qmp->get() == 4);
    CHECK((::fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0); // still there for a later option, by name or number
    CHECK(take_passed_socket("3").has_value());
}

TEST_CASE("take_passed_socket: a name that several sockets have gives each of them once", "[util]") {
    const Activation activation{"qmp:qmp", ::getpid()};
    auto first = take_passed_socket("qmp");
    auto second = take_passed_socket("qmp");
    REQUIRE((first && second));
    CHECK(first->get() == 3);
    CHECK(second->get() == 4);
    CHECK(take_passed_socket("qmp").error().desc == "File descriptor '4' is already in use");
}

TEST_CASE("take_passed_socket: refuses what was not passed to this process", "[util]") {
    const bool ours = GENERATE(true, false);
    const Activation activation{"nbd:qmp", ours ? ::getpid() : ::getppid()};
    const char *name = ours ? "other" : "qmp";
    CHECK(take_passed_socket(name).error().desc ==
          fmt::format("No socket named '{}' was passed by the service manager", name));
}
