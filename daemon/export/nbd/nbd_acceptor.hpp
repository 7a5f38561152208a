// SPDX-License-Identifier: Apache-2.0
//
// NbdAcceptor: accepts the NBD server's clients and takes them through the handshake, each in a coroutine of
// its own, so that a slow client holds up nobody. Who is done is handed to the host.
//
// Thread: main thread.
#pragma once

#include "daemon/export/nbd/nbd_handshake.hpp"
#include "daemon/export/nbd/nbd_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace iothreadd {

class NbdAcceptor {
public:
    class Host {
    public:
        virtual const NbdDirectory &directory() const = 0;
        /// Whether another client fits in; when not, it waits in the backlog until wake().
        virtual bool has_room() const = 0;
        virtual void handshake_begins() = 0;
        /// `fd` is empty when the client did not get that far.
        virtual void handshake_over(UniqueFd fd, const NbdAgreement &agreement) = 0;

    protected:
        ~Host() = default;
    };

    /// `handshake_timeout` 0: none.
    NbdAcceptor(boost::asio::io_context &io, Host &host, std::vector<NbdListener> listeners,
                std::chrono::seconds handshake_timeout);
    NbdAcceptor(const NbdAcceptor &) = delete;
    NbdAcceptor &operator=(const NbdAcceptor &) = delete;
    ~NbdAcceptor();

    void start();
    /// There is room for another client again.
    void wake();
    /// Stop listening, remove socket files, drop clients in their handshake. `stopped` is called later, when
    /// no coroutine uses this object any more.
    void stop(std::function<void()> stopped);

private:
    struct Door {
        boost::asio::posix::stream_descriptor socket;
        UnixSocketFile file;
        boost::asio::steady_timer room; ///< cancelled when there is room again
    };
    struct Guest {
        Guest(boost::asio::io_context &io, UniqueFd fd, int family);
        NbdSocket socket;
        boost::asio::steady_timer timer;
    };

    template <class Coroutine>
    void spawn(Coroutine coroutine);
    void coroutine_over();
    boost::asio::awaitable<void> accept_clients(Door &door);
    boost::asio::awaitable<void> greet(std::shared_ptr<Guest> guest);
    void receive_guest(UniqueFd fd, int family);

    boost::asio::io_context &io_;
    Host &host_;
    const std::chrono::seconds handshake_timeout_;
    std::list<Door> doors_;
    std::list<std::shared_ptr<Guest>> guests_;
    int coroutines_ = 0;
    bool stopping_ = false;
    std::function<void()> stopped_;
};

} // namespace iothreadd
