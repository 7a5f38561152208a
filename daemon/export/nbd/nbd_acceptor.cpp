// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_acceptor.hpp"

#include "daemon/util/thread.hpp"
#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace iothreadd {

namespace asio = boost::asio;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
/// Until the next try when the process or the system is out of descriptors or memory.
constexpr std::chrono::seconds kRetryAccept{1};

bool is_shortage(int error_number) {
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
           error_number == ENOMEM;
}

} // namespace

NbdAcceptor::Guest::Guest(asio::io_context &io, UniqueFd fd, int family)
    : socket(io, {family, 0}, fd.get()), timer(io) {
    fd.release();
}

NbdAcceptor::NbdAcceptor(asio::io_context &io, Host &host, std::vector<NbdListener> listeners,
                         std::chrono::seconds handshake_timeout)
    : io_(io), host_(host), handshake_timeout_(handshake_timeout) {
    for (NbdListener &listener : listeners) {
        asio::posix::stream_descriptor socket{io, listener.fd.get()};
        (void)listener.fd.release();
        doors_.push_back({std::move(socket), std::move(listener.file), asio::steady_timer{io}});
    }
}

NbdAcceptor::~NbdAcceptor() = default;

void NbdAcceptor::start() {
    assert_main_thread();
    for (Door &door : doors_)
        spawn([this, &door] { return accept_clients(door); });
}

void NbdAcceptor::wake() {
    for (Door &door : doors_)
        door.room.cancel();
}

void NbdAcceptor::stop(std::function<void()> stopped) {
    assert_main_thread();
    stopping_ = true;
    stopped_ = std::move(stopped);
    boost::system::error_code ignored;
    for (Door &door : doors_) {
        door.file.remove();
        close_watched(door.socket);
    }
    for (const auto &guest : guests_)
        guest->socket.close(ignored);
    wake();
    ++coroutines_; // so that an acceptor without coroutines stops too, and never inside this call
    asio::post(io_, [this] { coroutine_over(); });
}

/// Run `coroutine()` on the main thread and keep count; an exception ends only this one.
template <class Coroutine>
void NbdAcceptor::spawn(Coroutine coroutine) {
    ++coroutines_;
    asio::co_spawn(io_, std::move(coroutine), [this](const std::exception_ptr &failure) {
        try {
            if (failure)
                std::rethrow_exception(failure);
        } catch (const std::exception &e) {
            spdlog::error("NBD server: {}", e.what());
        }
        coroutine_over();
    });
}

void NbdAcceptor::coroutine_over() {
    if (--coroutines_ == 0 && stopped_) {
        const auto stopped = std::exchange(stopped_, nullptr);
        stopped(); // may destroy us
    }
}

asio::awaitable<void> NbdAcceptor::accept_clients(Door &door) {
    bool shortage = false; // reported once, not at every try
    while (!stopping_) {
        if (!host_.has_room()) {
            door.room.expires_at(asio::steady_timer::time_point::max());
            co_await door.room.async_wait(kAsTuple);
            continue;
        }
        const auto [error] =
            co_await door.socket.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
        if (error || stopping_ || !host_.has_room())
            continue;
        sockaddr_storage peer{};
        socklen_t length = sizeof(peer);
        UniqueFd fd{::accept4(door.socket.native_handle(), reinterpret_cast<sockaddr *>(&peer), &length,
                              SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (fd) {
            shortage = false;
            receive_guest(std::move(fd), peer.ss_family);
        } else if (is_shortage(errno)) {
            if (!std::exchange(shortage, true))
                spdlog::warn("NBD server: cannot accept: {}", std::generic_category().message(errno));
            door.room.expires_after(kRetryAccept);
            co_await door.room.async_wait(kAsTuple);
        }
    }
}

void NbdAcceptor::receive_guest(UniqueFd fd, int family) {
    if (family == AF_INET || family == AF_INET6) {
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    const auto guest = std::make_shared<Guest>(io_, std::move(fd), family);
    guests_.push_front(guest);
    host_.handshake_begins();
    if (handshake_timeout_.count() > 0) {
        guest->timer.expires_after(handshake_timeout_);
        guest->timer.async_wait([weak = std::weak_ptr{guest}](const boost::system::error_code &error) {
            const auto late = weak.lock();
            if (error || !late)
                return;
            spdlog::debug("NBD server: a client did not finish its handshake in time");
            boost::system::error_code ignored;
            late->socket.close(ignored);
        });
    }
    spawn([this, guest] { return greet(guest); });
}

asio::awaitable<void> NbdAcceptor::greet(std::shared_ptr<Guest> guest) {
    std::optional<NbdAgreement> agreement;
    try {
        agreement = co_await nbd_handshake(guest->socket, host_.directory());
    } catch (const std::exception &e) {
        spdlog::error("NBD server: handshake: {}", e.what());
    }
    guest->timer.cancel();
    guests_.remove(guest);
    UniqueFd fd;
    boost::system::error_code ignored;
    if (agreement && guest->socket.is_open())
        fd.reset(guest->socket.release(ignored));
    host_.handshake_over(std::move(fd), agreement.value_or(NbdAgreement{}));
}

} // namespace iothreadd
