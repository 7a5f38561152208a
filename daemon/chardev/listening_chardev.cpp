// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/listening_chardev.hpp"

#include "daemon/chardev/socket_name.hpp"
#include "daemon/util/exception_text.hpp"
#include "daemon/util/thread.hpp"
#include "daemon/util/watched_descriptor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <list>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

/// After accept() failed, for want of descriptors as a rule.
constexpr std::chrono::seconds kAcceptRetry{1};

std::vector<UniqueFd> only(UniqueFd fd) {
    std::vector<UniqueFd> one;
    one.push_back(std::move(fd));
    return one;
}

} // namespace

/// One address.
struct ListeningChardev::Door {
    Door(asio::io_context &io, UniqueFd fd) : listener(io), retry(io) {
        listener.assign(fd.get());
        (void)fd.release();
    }

    /// Somebody from the backlog, or -1 and errno.
    UniqueFd accept() {
        return UniqueFd{::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    }

    asio::posix::stream_descriptor listener;
    asio::steady_timer retry;
};

struct ListeningChardev::Acceptor {
    /// End the accepting.
    void cancel() {
        ++attachment;
        boost::system::error_code error;
        for (Door &door : doors) {
            door.listener.cancel(error);
            door.retry.cancel();
        }
    }
    bool is_over(std::size_t for_attachment, const Door &door) const {
        return attachment != for_attachment || !door.listener.is_open();
    }

    std::list<Door> doors;
    std::weak_ptr<asio::posix::stream_descriptor> first_client; ///< while wait_for_client() runs
    std::size_t attachment = 0; ///< counts attach() and detach(): clients are accepted for one attachment
};

ListeningChardev::ListeningChardev(asio::io_context &io, std::string id, std::vector<UniqueFd> listeners,
                                   UnixSocketFile file)
    : Chardev(std::move(id)), acceptor_(std::make_shared<Acceptor>()), file_(std::move(file)) {
    assert(!listeners.empty());
    for (UniqueFd &listener : listeners) {
        addresses_ += local_socket_name(listener.get()) + ",";
        acceptor_->doors.emplace_back(io, std::move(listener));
    }
}

ListeningChardev::ListeningChardev(asio::io_context &io, std::string id, UnixListener listener)
    : ListeningChardev(io, std::move(id), only(std::move(listener.fd)), std::move(listener.file)) {}

ListeningChardev::~ListeningChardev() { shut_down(); }

std::string ListeningChardev::filename() const {
    return (connected() ? "" : "disconnected:") + addresses_ + "server=on";
}

UnixSocketFile *ListeningChardev::socket_file() { return file_ ? &file_ : nullptr; }

Result<void> ListeningChardev::start(Echo) {
    ++acceptor_->attachment;
    for (Door &door : acceptor_->doors)
        accept_for(acceptor_->attachment, door);
    return {};
}

void ListeningChardev::stop() { acceptor_->cancel(); }

void ListeningChardev::accept_for(std::size_t attachment, Door &door) {
    auto accepting = accept_clients(acceptor_, door, attachment);
    const auto ended = [this, acceptor = acceptor_, attachment, &door](const std::exception_ptr &thrown) {
        if (!thrown || acceptor->is_over(attachment, door))
            return;
        spdlog::error("chardev '{}': {}", id(), exception_text(thrown));
        door.retry.expires_after(kAcceptRetry);
        door.retry.async_wait([this, acceptor, attachment, &door](const boost::system::error_code &) {
            if (!acceptor->is_over(attachment, door))
                accept_for(attachment, door);
        });
    };
    asio::co_spawn(door.listener.get_executor(), std::move(accepting), ended);
}

/// Lifetime: `this` may be gone whenever the attachment is over.
asio::awaitable<void> ListeningChardev::accept_clients(std::shared_ptr<Acceptor> acceptor, Door &door,
                                                       std::size_t attachment) {
    while (!acceptor->is_over(attachment, door)) {
        co_await door.listener.async_wait(asio::posix::descriptor_base::wait_read, kUseTuple);
        if (acceptor->is_over(attachment, door))
            break; // whoever is in the backlog is for the next
        UniqueFd socket = door.accept();
        if (socket) {
            hand_out(std::move(socket));
        } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
            spdlog::warn("chardev '{}': cannot accept a client: {}", id(),
                         std::generic_category().message(errno));
            door.retry.expires_after(kAcceptRetry);
            co_await door.retry.async_wait(kUseTuple);
        }
    }
}

/// The client stays in the backlog until somebody is attached. Waits in the event loop of whoever asks, which
/// at start-up is not the acceptor's.
asio::awaitable<Result<void>> ListeningChardev::wait_for_client() {
    spdlog::info("chardev '{}': waiting for a connection", id());
    const auto acceptor = acceptor_;
    const std::string name = id();                // this may be gone then
    UniqueFd any{::epoll_create1(EPOLL_CLOEXEC)}; // readable as soon as one of them is
    for (Door &door : acceptor->doors) {
        epoll_event readable{.events = EPOLLIN, .data = {}};
        if (any && ::epoll_ctl(any.get(), EPOLL_CTL_ADD, door.listener.native_handle(), &readable) != 0)
            any.reset();
    }
    if (!any) {
        spdlog::warn("chardev '{}': cannot wait: {}", name, std::generic_category().message(errno));
        co_return Result<void>{};
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto descriptor = std::make_shared<asio::posix::stream_descriptor>(executor);
    descriptor->assign(any.get());
    (void)any.release();
    acceptor->first_client = descriptor;
    co_await become_ready(*descriptor, POLLIN);
    if (!acceptor->doors.front().listener.is_open())
        co_return generic_error("chardev '{}' was removed", name);
    co_return Result<void>{};
}

void ListeningChardev::turn_away_waiting() {
    assert(!attached());
    for (Door &door : acceptor_->doors) {
        for (int taken = 0; taken <= SOMAXCONN; ++taken) { // who comes later than that did not wait
            const UniqueFd socket = door.accept();
            if (!socket && errno != ECONNABORTED && errno != EINTR)
                break;
        }
    }
}

void ListeningChardev::shut_down() {
    assert_main_thread();
    Chardev::shut_down();
    acceptor_->cancel();
    boost::system::error_code error;
    if (const auto waiting = acceptor_->first_client.lock())
        waiting->cancel(error);
    file_.remove();
    for (Door &door : acceptor_->doors)
        close_watched(door.listener);
}

} // namespace iothreadd
