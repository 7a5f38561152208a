// SPDX-License-Identifier: Apache-2.0
//
// ChardevFixture: chardevs in an event loop, and what a monitor would get from them.
#pragma once

#include "daemon/chardev/chardev_backend.hpp"
#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/run_alone.hpp"

#include "qapi/char_types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace iothreadd::test {

/// The options of one kind of chardev, as the command line gives them.
template <qapi::ChardevBackendKind kind, class Options>
qapi::ChardevBackend backend_of(const Options &options) {
    qapi::ChardevOptions all;
    static_cast<Options &>(all.u.template emplace<static_cast<std::size_t>(kind)>()) = options;
    return chardev_backend(all).value();
}

class ChardevFixture {
public:
    ChardevFixture() {
        char name[] = "/tmp/chrXXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        directory = name;
    }
    ~ChardevFixture() {
        for (const auto &chardev : chardevs.chardevs())
            if (chardev->attached())
                chardev->detach();
        std::filesystem::remove_all(directory);
    }

    std::string path(const std::string &name) const { return directory + "/" + name; }

    Result<void> add(const std::string &id, const qapi::ChardevBackend &backend, TakeFd take_fd = nullptr) {
        auto adding = chardevs.add(id, backend, std::move(take_fd));
        return run_alone(std::move(adding)).value();
    }

    /// The same in the background: what add() returned, when it has.
    std::shared_ptr<std::optional<Result<void>>> begin_to_add(const std::string &id,
                                                              const qapi::ChardevBackend &backend) {
        auto answer = std::make_shared<std::optional<Result<void>>>();
        auto adding = chardevs.add(id, backend, nullptr);
        boost::asio::co_spawn(
            io, std::move(adding),
            [answer](const std::exception_ptr &, Result<void> result) { *answer = std::move(result); });
        return answer;
    }

    /// Be the monitor of a chardev: its clients go into `streams`, or are refused.
    Chardev &attach(const std::string &id, Echo echo = Echo::by_terminal) {
        Chardev *const chardev = chardevs.find(id);
        REQUIRE(chardev != nullptr);
        auto attached =
            chardev->attach([this](ChardevStream stream) { return serve(std::move(stream)); }, echo);
        REQUIRE(attached.has_value());
        return *chardev;
    }

    bool serve(ChardevStream stream) {
        if (!refuses) {
            streams.push_back(std::move(stream));
            return true;
        }
        ++refused;
        REQUIRE(::write(stream.socket.get(), "no\n", 3) == 3);
        boost::asio::post(io, std::move(stream.ended));
        return false;
    }

    /// Run the event loop for a while in which nothing is to happen.
    void run_idle() {
        io.restart();
        io.run_for(std::chrono::milliseconds{60});
    }

    /// Run the event loop until `condition` holds; fails the test if that takes too long.
    void run_until(const std::function<bool()> &condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        io.restart();
        io.poll();
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline)
                FAIL("nothing happened");
            io.restart();
            io.run_one_for(std::chrono::milliseconds(20));
        }
    }

    /// Run until that many clients came.
    void await_clients(std::size_t count) {
        run_until([&] { return streams.size() >= count; });
    }

    /// Run until `fd` has something to read, and read it.
    std::string read(int fd) {
        run_until([&] {
            pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
            return ::poll(&waiting, 1, 0) == 1;
        });
        char buffer[4096];
        const ssize_t bytes = ::read(fd, buffer, sizeof(buffer));
        return {buffer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
    }

    /// Close a stream as a monitor does.
    void end(ChardevStream &stream) {
        stream.socket.reset();
        stream.ended();
    }

    boost::asio::io_context io;
    std::string directory;
    std::vector<ChardevStream> streams;
    bool refuses = false; ///< clients are told `no`
    int refused = 0;
    FdStore fds;
    ChardevRegistry chardevs{io, fds};
};

/// While it lives only so many more descriptors can be opened.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t free) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        std::vector<UniqueFd> taken; // all holes below the last one
        for (rlim_t i = 0; i <= free; ++i)
            taken.emplace_back(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(taken.back().get());
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors &) = delete;
    FewDescriptors &operator=(const FewDescriptors &) = delete;

private:
    rlimit before_{};
};

} // namespace iothreadd::test
