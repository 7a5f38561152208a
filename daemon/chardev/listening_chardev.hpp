// SPDX-License-Identifier: Apache-2.0
//
// ListeningChardev: a socket that listens, unix or TCP. Everybody who connects is a client of his own; while
// nobody is attached they wait in the backlog.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/chardev.hpp"
#include "daemon/util/unix_listener.hpp"

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class ListeningChardev final : public Chardev {
public:
    ListeningChardev(boost::asio::io_context &io, std::string id, UnixListener listener);
    ~ListeningChardev() override;

    std::string filename() const override;
    UnixSocketFile *socket_file() override;
    boost::asio::awaitable<Result<void>> wait_for_client() override;
    void turn_away_waiting() override;
    void shut_down() override;

private:
    struct Acceptor;

    Result<void> start(Echo echo) override;
    void stop() override;

    void accept_for(std::size_t attachment);
    boost::asio::awaitable<void> accept_clients(std::shared_ptr<Acceptor> acceptor, std::size_t attachment);

    std::string address_; ///< as in filename()
    UnixSocketFile file_;
    std::shared_ptr<Acceptor> acceptor_; ///< shared with the coroutines that wait for it
};

} // namespace iothreadd
