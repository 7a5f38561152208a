// SPDX-License-Identifier: Apache-2.0
//
// ListeningChardev: a socket that listens, unix or TCP; of a host with several addresses one for each.
// Everybody who connects is a client of his own; while nobody is attached they wait in the backlog.
//
// Thread: main thread.
#pragma once

#include "daemon/chardev/chardev.hpp"
#include "daemon/util/unix_listener.hpp"

#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class ListeningChardev final : public Chardev {
public:
    /// Shape:  at least one listener.
    ListeningChardev(boost::asio::io_context &io, std::string id, std::vector<UniqueFd> listeners,
                     UnixSocketFile file = {});
    ListeningChardev(boost::asio::io_context &io, std::string id, UnixListener listener);
    ~ListeningChardev() override;

    std::string filename() const override;
    UnixSocketFile *socket_file() override;
    boost::asio::awaitable<Result<void>> wait_for_client() override;
    void turn_away_waiting() override;
    void shut_down() override;

private:
    struct Acceptor;
    struct Door;

    Result<void> start(Echo echo) override;
    void stop() override;

    void accept_for(std::size_t attachment, Door &door);
    boost::asio::awaitable<void> accept_clients(std::shared_ptr<Acceptor> acceptor, Door &door,
                                                std::size_t attachment);

    std::string addresses_;              ///< as in filename()
    std::shared_ptr<Acceptor> acceptor_; ///< shared with the coroutines that wait for it
    UnixSocketFile file_;                ///< goes before its socket
};

} // namespace iothreadd
