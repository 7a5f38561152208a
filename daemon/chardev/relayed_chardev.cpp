// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/relayed_chardev.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <system_error>
#include <utility>

namespace iothreadd {

RelayedChardev::RelayedChardev(boost::asio::io_context &io, std::string id)
    : Chardev(std::move(id)), io_(io) {}

Result<void> RelayedChardev::begin(UniqueFd input, UniqueFd output) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return generic_error("chardev '{}': {}", id(), std::generic_category().message(errno));
    UniqueFd theirs{pair[1]};
    ByteRelay::Ends ends{.socket = UniqueFd{pair[0]}, .input = std::move(input), .output = std::move(output)};
    relay_ = ByteRelay::start(io_, std::move(ends), [this] {
        const bool input_ended = std::exchange(relay_, nullptr)->input_ended();
        client_over(input_ended);
    });
    hand_out(std::move(theirs), true);
    return {};
}

void RelayedChardev::client_over(bool) {}

void RelayedChardev::stop() {
    if (const auto relay = std::exchange(relay_, nullptr))
        relay->stop();
}

Result<UniqueFd> duplicate(int fd) {
    UniqueFd copy{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
    if (!copy)
        return generic_error("Cannot use file descriptor {}: {}", fd, std::generic_category().message(errno));
    return copy;
}

} // namespace iothreadd
