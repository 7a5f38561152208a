// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/connecting_chardev.hpp"

#include "daemon/util/exception_text.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

} // namespace

/// Outlives the chardev while a coroutine waits in it.
struct ConnectingChardev::Attempts {
    Attempts(asio::io_context &io, std::string id_, Reconnect how_)
        : timer(io), id(std::move(id_)), how(std::move(how_)) {}

    asio::awaitable<void> run(std::shared_ptr<Attempts> self, std::chrono::milliseconds pause,
                              std::function<void(UniqueFd)> connected);

    asio::steady_timer timer;
    const std::string id;
    const Reconnect how;
    bool cancelled = false;
};

/// `self` keeps the frame's memory. Only the first failure of a row is worth a line in the log.
asio::awaitable<void> ConnectingChardev::Attempts::run(std::shared_ptr<Attempts> self,
                                                       std::chrono::milliseconds pause,
                                                       std::function<void(UniqueFd)> connected) {
    for (bool first = true;; first = false, pause = how.pause) {
        timer.expires_after(pause);
        co_await timer.async_wait(kUseTuple);
        if (self->cancelled)
            co_return;
        auto connection = co_await how.connect();
        if (self->cancelled)
            co_return;
        if (connection) {
            connected(std::move(*connection));
            co_return;
        }
        if (first)
            spdlog::warn("chardev '{}': {}, trying again", id, connection.error().desc);
    }
}

ConnectingChardev::ConnectingChardev(asio::io_context &io, std::string id, std::string address,
                                     UniqueFd connection, std::optional<Reconnect> reconnect)
    : Chardev(std::move(id)),
      io_(io),
      address_(std::move(address)),
      connection_(std::move(connection)),
      reconnect_(std::move(reconnect)) {}

ConnectingChardev::~ConnectingChardev() { stop(); }

std::string ConnectingChardev::filename() const {
    return (connected() || connection_ ? "" : "disconnected:") + address_;
}

void ConnectingChardev::shut_down() {
    Chardev::shut_down();
    stop();
}

Result<void> ConnectingChardev::start(Echo) {
    if (connection_)
        hand_out(std::move(connection_));
    else if (reconnect_)
        connect_after(std::chrono::milliseconds{0});
    else
        return generic_error("chardev '{}' is not connected", id());
    return {};
}

void ConnectingChardev::stop() {
    if (const auto attempts = std::exchange(attempts_, nullptr)) {
        attempts->cancelled = true;
        attempts->timer.cancel();
    }
}

void ConnectingChardev::stream_ended() {
    if (reconnect_)
        connect_after(reconnect_->pause);
}

void ConnectingChardev::connect_after(std::chrono::milliseconds pause) {
    attempts_ = std::make_shared<Attempts>(io_, id(), *reconnect_);
    auto running = attempts_->run(attempts_, pause, [this](UniqueFd connection) {
        hand_out(std::move(connection));
        attempts_.reset();
    });
    asio::co_spawn(io_, std::move(running), [this, attempts = attempts_](const std::exception_ptr &thrown) {
        if (!thrown)
            return;
        spdlog::error("chardev '{}': {}, trying again", attempts->id, exception_text(thrown));
        if (!attempts->cancelled) // then this chardev is still there, and has no client
            connect_after(attempts->how.pause);
    });
}

} // namespace iothreadd
