// SPDX-License-Identifier: Apache-2.0
#include "daemon/chardev/listening_chardev.hpp"

#include "daemon/chardev/socket_name.hpp"
#include "daemon/util/exception_text.hpp"
#include "daemon/util/thread.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

/// After accept() failed, for want of descriptors as a rule.
constexpr std::chrono::seconds kAcceptRetry{1};

} // namespace

struct ListeningChardev::Acceptor {
    Acceptor(asio::io_context &io, UniqueFd fd) : listener(io), retry(io) {
        listener.assign(fd.get());
        (void)fd.release();
    }

    /// End the accepting.
    void cancel() {
        ++attachment;
        boost::system::error_code error;
        listener.cancel(error);
        retry.cancel();
    }
    bool is_over(std::size_t for_attachment) const {
        return attachment != for_attachment || !listener.is_open();
    }

    asio::posix::stream_descriptor listener;
    asio::steady_timer retry;
    std::weak_ptr<asio::posix::stream_descriptor> first_client; ///< while wait_for_client() runs
    std::size_t attachment = 0; ///< counts attach() and detach(): clients are accepted for one attachment
};

ListeningChardev::ListeningChardev(asio::io_context &io, std::string id, UnixListener listener)
    : Chardev(std::move(id)),
      address_(local_socket_name(listener.fd.get())),
      file_(std::move(listener.file)),
      acceptor_(std::make_shared<Acceptor>(io, std::move(listener.fd))) {}

ListeningChardev::~ListeningChardev() { shut_down(); }

std::string ListeningChardev::filename() const {
    return (connected() ? "" : "disconnected:") + address_ + ",server=on";
}

UnixSocketFile *ListeningChardev::socket_file() { return file_ ? &file_ : nullptr; }

Result<void> ListeningChardev::start(Echo) {
    accept_for(++acceptor_->attachment);
    return {};
}

void ListeningChardev::stop() { acceptor_->cancel(); }

void ListeningChardev::accept_for(std::size_t attachment) {
    auto accepting = accept_clients(acceptor_, attachment);
    const auto ended = [this, acceptor = acceptor_, attachment](const std::exception_ptr &thrown) {
        if (!thrown || acceptor->is_over(attachment))
            return;
        spdlog::error("chardev '{}': {}", id(), exception_text(thrown));
        acceptor->retry.expires_after(kAcceptRetry);
        acceptor->retry.async_wait([this, acceptor, attachment](const boost::system::error_code &) {
            if (!acceptor->is_over(attachment))
                accept_for(attachment);
        });
    };
    asio::co_spawn(acceptor_->listener.get_executor(), std::move(accepting), ended);
}

/// Lifetime: `this` may be gone whenever the attachment is over.
asio::awaitable<void> ListeningChardev::accept_clients(std::shared_ptr<Acceptor> acceptor,
                                                       std::size_t attachment) {
    while (!acceptor->is_over(attachment)) {
        co_await acceptor->listener.async_wait(asio::posix::descriptor_base::wait_read, kUseTuple);
        if (acceptor->is_over(attachment))
            break; // whoever is in the backlog is for the next
        UniqueFd socket{
            ::accept4(acceptor->listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (socket) {
            hand_out(std::move(socket));
        } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
            spdlog::warn("chardev '{}': cannot accept a client: {}", id(),
                         std::generic_category().message(errno));
            acceptor->retry.expires_after(kAcceptRetry);
            co_await acceptor->retry.async_wait(kUseTuple);
        }
    }
}

/// The client stays in the backlog until somebody is attached. Waits in the event loop of whoever asks, which
/// at start-up is not the acceptor's.
asio::awaitable<Result<void>> ListeningChardev::wait_for_client() {
    spdlog::info("chardev '{}': waiting for a connection", id());
    const auto acceptor = acceptor_;
    const std::string name = id(); // this may be gone then
    UniqueFd fd{::fcntl(acceptor->listener.native_handle(), F_DUPFD_CLOEXEC, 0)};
    if (!fd) {
        spdlog::warn("chardev '{}': cannot wait: {}", name, std::generic_category().message(errno));
        co_return Result<void>{};
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto descriptor = std::make_shared<asio::posix::stream_descriptor>(executor);
    descriptor->assign(fd.get());
    (void)fd.release();
    acceptor->first_client = descriptor;
    co_await descriptor->async_wait(asio::posix::descriptor_base::wait_read, kUseTuple);
    if (!acceptor->listener.is_open())
        co_return generic_error("chardev '{}' was removed", name);
    co_return Result<void>{};
}

void ListeningChardev::turn_away_waiting() {
    assert(!attached());
    for (int taken = 0; taken <= SOMAXCONN; ++taken) { // who comes later than that did not wait
        const UniqueFd socket{
            ::accept4(acceptor_->listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!socket && errno != ECONNABORTED && errno != EINTR)
            break;
    }
}

void ListeningChardev::shut_down() {
    assert_main_thread();
    Chardev::shut_down();
    acceptor_->cancel();
    boost::system::error_code error;
    acceptor_->listener.close(error);
    if (const auto waiting = acceptor_->first_client.lock())
        waiting->cancel(error);
    file_.remove();
}

} // namespace iothreadd
