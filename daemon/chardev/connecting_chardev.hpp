// SPDX-License-Identifier: Apache-2.0
//
// ConnectingChardev: a connection to somebody who listens, and who is the client all the same. When it ends
// it is made again after a while, if `reconnect` says so.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/chardev.hpp"

#include <chrono>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class ConnectingChardev final : public Chardev {
public:
    using Connect = std::function<boost::asio::awaitable<Result<UniqueFd>>()>;

    /// Made again `pause` after a connection ended or could not be made.
    struct Reconnect {
        std::chrono::milliseconds pause;
        Connect connect;
    };

    /// `address` is what filename() shows. `connection` may be empty if there is `reconnect`.
    ConnectingChardev(boost::asio::io_context &io, std::string id, std::string address, UniqueFd connection,
                      std::optional<Reconnect> reconnect);
    ~ConnectingChardev() override;

    std::string filename() const override;
    void shut_down() override;

private:
    struct Attempts;

    Result<void> start(Echo echo) override;
    void stop() override;
    void stream_ended() override;
    void connect_after(std::chrono::milliseconds pause);

    boost::asio::io_context &io_;
    const std::string address_;
    UniqueFd connection_; ///< until it is handed out
    const std::optional<Reconnect> reconnect_;
    std::shared_ptr<Attempts> attempts_; ///< while it tries to connect
};

} // namespace iothreadd
