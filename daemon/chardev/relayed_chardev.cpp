// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/relayed_chardev.hpp"

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

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
    const auto refused = std::make_shared<bool>(false);
    relay_ = std::make_shared<ByteRelay>(io_, "chardev '" + id() + "'", std::move(ends), [this, refused] {
        const bool silent = std::exchange(relay_, nullptr)->input_ended();
        if (!is_shut_down())
            client_over(*refused ? Over::refused : silent ? Over::silent : Over::left);
    });
    if (const auto before = leaving_.lock())
        before->when_over([relay = relay_] { relay->start(); });
    else
        relay_->start();
    *refused = !hand_out(std::move(theirs), true);
    return {};
}

void RelayedChardev::client_over(Over) {}

void RelayedChardev::retry_later(const Error &error, std::function<void()> again) {
    spdlog::warn("chardev '{}': {}, trying again", id(), error.desc);
    retry_ = std::make_shared<boost::asio::steady_timer>(io_, kRetry);
    retry_->async_wait(
        [this, again = std::move(again), waiting = std::weak_ptr{retry_}](const boost::system::error_code &) {
            if (!waiting.expired() && !is_shut_down())
                again();
        });
}

void RelayedChardev::stop() {
    retry_.reset();
    if (const auto relay = std::exchange(relay_, nullptr)) {
        relay->stop();
        leaving_ = relay;
    }
}

void RelayedChardev::keep_while_leaving(std::shared_ptr<void> settings) {
    if (const auto leaving = leaving_.lock())
        leaving->when_over([settings = std::move(settings)] {});
}

void RelayedChardev::drain(const std::shared_ptr<void> &done) {
    for (const auto &relay : {relay_, leaving_.lock()}) {
        if (!relay)
            continue;
        relay->stop();
        relay->when_over([done] {});
    }
}

Result<UniqueFd> duplicate(int fd) {
    UniqueFd copy{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
    if (!copy)
        return generic_error("Cannot use file descriptor {}: {}", fd, std::generic_category().message(errno));
    return copy;
}

} // namespace iothreadd
