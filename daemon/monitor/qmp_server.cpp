// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_server.hpp"

#include "daemon/monitor/client_connection.hpp"
#include "daemon/util/thread.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

/// After accept() failed, for want of descriptors as a rule.
constexpr std::chrono::seconds kAcceptRetry{1};

Protocol protocol_of(int fd) {
    int family = AF_UNIX;
    socklen_t length = sizeof(family);
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return {family, 0};
}

} // namespace

struct QmpServer::Listener {
    Listener(asio::io_context &io, std::string name_, UnixListener socket, QmpStyle style_)
        : name(std::move(name_)),
          style(style_),
          file(std::move(socket.file)),
          acceptor(io, protocol_of(socket.fd.get()), socket.fd.get()),
          retry(io) {
        (void)socket.fd.release();
    }

    void close() {
        boost::system::error_code error;
        acceptor.close(error);
        retry.cancel();
        file.remove();
    }

    const std::string name;
    const QmpStyle style;
    UnixSocketFile file;
    Acceptor acceptor;
    asio::steady_timer retry;
};

/// The parts of the server that need Asio's types.
struct QmpServer::Internal {
    Internal(QmpServer &server_, asio::io_context &io_)
        : server(server_), io(io_), close_timer(io_), event_timer(io_) {}

    asio::awaitable<void> accept_clients(std::shared_ptr<Listener> listener);
    void admit(Protocol::socket socket, const std::string &name, QmpStyle style);

    QmpServer &server;
    asio::io_context &io;
    asio::steady_timer close_timer;
    asio::steady_timer event_timer; ///< runs while the throttle has intervals
    std::function<void()> closed;
    unsigned next_client = 1;
};

QmpServer::QmpServer(asio::io_context &io, const QmpApi &api)
    : api_(api), throttle_(api.event_limits), internal_(std::make_unique<Internal>(*this, io)) {
    assert_main_thread();
    assert(api.commands.size() == api.handlers.size());
}

QmpServer::~QmpServer() {
    for (const auto &listener : listeners_)
        listener->close();
    for (const auto &client : clients_) {
        client->forget_server();
        client->abort();
    }
}

void QmpServer::set_context(const QmpContext &context) {
    assert_main_thread();
    assert(!context_);
    context_.emplace(context);
}

void QmpServer::listen(const std::string &name, UnixListener listener, QmpStyle style) {
    assert_main_thread();
    auto owned = std::make_shared<Listener>(internal_->io, name, std::move(listener), style);
    listeners_.push_back(owned);
    auto accepting = internal_->accept_clients(std::move(owned));
    asio::co_spawn(internal_->io, std::move(accepting), asio::detached);
}

void QmpServer::serve(const std::string &name, UniqueFd connection, QmpStyle style) {
    assert_main_thread();
    Protocol::socket socket{internal_->io, protocol_of(connection.get()), connection.get()};
    (void)connection.release();
    internal_->admit(std::move(socket), name, style);
}

/// Lifetime: after the listener was closed the server may be gone.
asio::awaitable<void> QmpServer::Internal::accept_clients(std::shared_ptr<Listener> listener) {
    while (listener->acceptor.is_open()) {
        auto [error, socket] = co_await listener->acceptor.async_accept(kUseTuple);
        if (!listener->acceptor.is_open())
            break;
        if (!error) {
            admit(std::move(socket), listener->name, listener->style);
        } else if (error != asio::error::connection_aborted) {
            spdlog::warn("monitor '{}': cannot accept a client: {}", listener->name, error.message());
            listener->retry.expires_after(kAcceptRetry);
            co_await listener->retry.async_wait(kUseTuple);
        }
    }
}

void QmpServer::Internal::admit(Protocol::socket socket, const std::string &name, QmpStyle style) {
    boost::system::error_code error;
    socket.set_option(asio::ip::tcp::no_delay(true),
                      error); // an error for a unix socket, and no matter there
    socket.non_blocking(true, error);
    if (server.clients_.size() >= kMaxClients) {
        const Error full = generic_error("Too many clients, at most {} can be connected", kMaxClients);
        const std::string line = qmp_error_line(full, std::nullopt, style);
        socket.write_some(asio::buffer(line), error);
        ClientConnection::end_connection(socket);
        return;
    }
    auto label = fmt::format("monitor '{}': client {}", name, next_client++);
    auto client = std::make_shared<ClientConnection>(io, server, std::move(socket), style, std::move(label));
    server.clients_.push_back(client);
    client->start();
}

void QmpServer::emit(std::string_view name, std::optional<Json> data) {
    assert_main_thread();
    QmpEvent event{std::string{name}, std::move(data), std::chrono::system_clock::now()};
    if (const auto now = throttle_.admit(std::move(event), EventThrottle::Clock::now()))
        send(*now);
    await_limited_events();
}

/// Keep the timer at the throttle's deadline.
void QmpServer::await_limited_events() {
    const auto deadline = throttle_.deadline();
    if (!deadline || *deadline == internal_->event_timer.expiry())
        return;
    internal_->event_timer.expires_at(*deadline);
    internal_->event_timer.async_wait([this](boost::system::error_code error) {
        if (error)
            return; // set anew, or the server is gone
        for (const QmpEvent &event : throttle_.due(EventThrottle::Clock::now()))
            send(event);
        await_limited_events();
    });
}

void QmpServer::send(const QmpEvent &event) {
    std::string lines[2]; // by style, made when the first client needs it
    for (const auto &client : clients_) {
        if (!client->session().negotiated())
            continue;
        const QmpStyle style = client->session().style();
        std::string &line = lines[style == QmpStyle::pretty ? 1 : 0];
        if (line.empty())
            line = qmp_event_line(event.name, event.data, event.when, style);
        client->send(line);
    }
}

void QmpServer::stop_commands() {
    assert_main_thread();
    for (const auto &listener : std::exchange(listeners_, {}))
        listener->close();
    for (const auto &client : clients_)
        client->stop_commands();
}

void QmpServer::close(std::function<void()> closed) {
    stop_commands();
    internal_->event_timer.cancel();
    for (const QmpEvent &event : throttle_.flush())
        send(event);
    internal_->closed = std::move(closed);
    for (const auto &client : clients_)
        client->finish();
    if (clients_.empty()) {
        report_closed();
        return;
    }
    internal_->close_timer.expires_after(kCloseTimeout);
    internal_->close_timer.async_wait([this](boost::system::error_code error) {
        if (error)
            return; // everybody was in time
        for (const auto &client : clients_)
            client->abort();
        report_closed();
    });
}

void QmpServer::report_closed() {
    if (internal_->closed)
        asio::post(internal_->io, std::exchange(internal_->closed, nullptr));
}

QmpContext QmpServer::context_for(QmpClient &client) const {
    assert(context_);
    QmpContext context = *context_;
    context.client = &client;
    return context;
}

void QmpServer::forget(ClientConnection &client) {
    std::erase_if(clients_, [&client](const auto &other) { return other.get() == &client; });
    if (clients_.empty()) {
        internal_->close_timer.cancel();
        report_closed();
    }
}

} // namespace iothreadd
