// SPDX-License-Identifier: Apache-2.0
//
// NbdClient: the other end of an NBD connection, for tests. It sends whatever bytes a test wants and waits
// for answers by running the server's loop, so everything happens on one thread and in a known order.
#pragma once

#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"
#include "protocol/nbd/constants.hpp"
#include "tests/unit/protocol_nbd/hex.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace iothreadd::test {

/// Run `step` until `reached` or for at most ten seconds; the outcome.
inline bool run_until(const std::function<void()> &step, const std::function<bool()> &reached) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!reached()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        step();
    }
    return true;
}

class NbdClient {
public:
    using Bytes = std::vector<std::uint8_t>;

    /// `step` runs the server's loop once.
    NbdClient(UniqueFd fd, std::function<void()> step) : fd_(std::move(fd)), step_(std::move(step)) {}

    static NbdClient connect(const std::string &path, std::function<void()> step) {
        const sockaddr_un address = unix_socket_address(path).value();
        UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            fd.reset();
        return NbdClient{std::move(fd), std::move(step)};
    }

    int fd() const { return fd_.get(); }
    void close() { fd_.reset(); }

    /// All of it, running the loop when the socket is full; false when the server hung up.
    bool send(const Bytes &bytes) {
        std::size_t sent = 0;
        const bool finished = run_until(step_, [&] {
            const ssize_t count =
                ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN)
                return true;
            sent += count > 0 ? static_cast<std::size_t>(count) : 0;
            return sent == bytes.size();
        });
        return finished && sent == bytes.size();
    }
    bool send_hex(std::string_view hex) { return send(from_hex(hex)); }

    /// Exactly `count` bytes, or fewer when the server closed.
    Bytes receive(std::size_t count) {
        Bytes bytes(count);
        std::size_t received = 0;
        run_until(step_, [&] {
            const ssize_t got = ::recv(fd_.get(), bytes.data() + received, count - received, MSG_DONTWAIT);
            closed_ = got == 0 || (got < 0 && errno != EAGAIN);
            received += got > 0 ? static_cast<std::size_t>(got) : 0;
            return closed_ || received == count;
        });
        bytes.resize(received);
        return bytes;
    }
    std::string receive_hex(std::size_t count) { return to_hex(receive(count)); }

    /// Whether the server hangs up without sending anything more.
    bool hung_up() { return receive(1).empty() && closed_; }

private:
    UniqueFd fd_;
    std::function<void()> step_;
    bool closed_ = false;
};

/// A request in hexadecimal; the payload of a WRITE comes after it.
inline std::string request_hex(std::uint16_t type, std::uint64_t cookie, std::uint64_t offset,
                               std::uint32_t length, std::uint16_t flags = 0) {
    return fmt::format("25609513{:04x}{:04x}{:016x}{:016x}{:08x}", flags, type, cookie, offset, length);
}
inline std::string simple_reply_hex(std::uint64_t cookie, std::uint32_t error = 0) {
    return fmt::format("67446698{:08x}{:016x}", error, cookie);
}
inline std::string option_hex(std::uint32_t option, std::string_view data_hex = "") {
    return fmt::format("49484156454f5054{:08x}{:08x}{}", option, from_hex(data_hex).size(), data_hex);
}

} // namespace iothreadd::test
