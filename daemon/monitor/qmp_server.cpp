// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_server.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/monitor/qmp_connection.hpp"
#include "daemon/util/thread.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

/// Asio's errors as values.
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

/// After accept() failed, for want of descriptors as a rule.
constexpr std::chrono::seconds kAcceptRetry{1};

Protocol protocol_of(int fd) {
    int family = AF_UNIX;
    socklen_t length = sizeof(family);
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return {family, 0};
}

std::optional<QmpPeer> peer_of(int fd) {
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid == 0)
        return std::nullopt;
    return QmpPeer{.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

} // namespace

struct QmpServer::Listener {
    Listener(asio::io_context &io, Monitor monitor_, UniqueFd socket)
        : monitor(std::move(monitor_)), acceptor(io, protocol_of(socket.get()), socket.get()), retry(io) {
        (void)socket.release();
    }

    void close() {
        boost::system::error_code error;
        acceptor.close(error);
        retry.cancel();
    }

    const Monitor monitor;
    Acceptor acceptor;
    asio::steady_timer retry;
};

/// The parts of the server that need Asio's types.
struct QmpServer::Internal {
    Internal(QmpServer &server_, asio::io_context &io_)
        : server(server_), io(io_), close_timer(io_), event_timer(io_) {}

    asio::awaitable<void> accept_clients(std::shared_ptr<Listener> listener);
    asio::awaitable<void> run_coroutine(std::shared_ptr<QmpConnection> client, QmpCommand command);
    void admit(UniqueFd socket, const Monitor &monitor);

    QmpServer &server;
    asio::io_context &io;
    asio::steady_timer close_timer;
    asio::steady_timer event_timer; ///< runs while the throttle has intervals
    std::function<void()> closed;
    std::int64_t next_client = 1;
};

QmpServer::QmpServer(asio::io_context &io, const QmpApi &api, const QmpLimits &limits)
    : api_(api),
      limits_(limits),
      throttle_(api.event_limits),
      internal_(std::make_unique<Internal>(*this, io)) {
    assert_main_thread();
    assert(api.commands.size() == api.handlers.size());
}

QmpServer::~QmpServer() {
    for (const auto &listener : listeners_)
        listener->close();
    for (const auto &client : clients_)
        client->abort_and_wait();
}

void QmpServer::set_context(const QmpContext &context) {
    assert_main_thread();
    assert(!context_);
    context_.emplace(context);
}

void QmpServer::listen(const Monitor &monitor, UniqueFd listener) {
    assert_main_thread();
    auto owned = std::make_shared<Listener>(internal_->io, monitor, std::move(listener));
    listeners_.push_back(owned);
    auto accepting = internal_->accept_clients(std::move(owned));
    asio::co_spawn(internal_->io, std::move(accepting), asio::detached);
}

void QmpServer::serve(const Monitor &monitor, UniqueFd connection) {
    assert_main_thread();
    internal_->admit(std::move(connection), monitor);
}

void QmpServer::close_monitor(std::string_view name) {
    assert_main_thread();
    std::erase_if(listeners_, [name](const auto &listener) {
        const bool found = listener->monitor.name == name;
        if (found)
            listener->close();
        return found;
    });
    for (const auto &client : clients_)
        if (client->monitor() == name)
            client->abort_and_wait();
    const std::lock_guard lock{clients_lock_};
    std::erase_if(clients_, [name](const auto &client) { return client->monitor() == name; });
}

/// Lifetime: after the listener was closed the server may be gone.
asio::awaitable<void> QmpServer::Internal::accept_clients(std::shared_ptr<Listener> listener) {
    while (listener->acceptor.is_open()) {
        auto [error, socket] = co_await listener->acceptor.async_accept(kUseTuple);
        if (!listener->acceptor.is_open())
            break;
        if (!error) {
            admit(UniqueFd{socket.release()}, listener->monitor);
        } else if (error != asio::error::connection_aborted) {
            spdlog::warn("monitor '{}': cannot accept a client: {}", listener->monitor.name, error.message());
            listener->retry.expires_after(kAcceptRetry);
            co_await listener->retry.async_wait(kUseTuple);
        }
    }
}

void QmpServer::Internal::admit(UniqueFd socket, const Monitor &monitor) {
    const int on = 1; // an error for a unix socket, and no matter there
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (server.clients_.size() >= server.limits_.clients) {
        const Error full =
            generic_error("Too many clients, at most {} can be connected", server.limits_.clients);
        const std::string line = qmp_error_line(full, std::nullopt, monitor.style);
        ::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ClientConnection::end_connection(socket.get());
        return;
    }
    QmpConnection::Identity identity{
        .id = next_client++, .monitor = monitor.name, .peer = peer_of(socket.get())};
    auto label = fmt::format("monitor '{}': client {}", monitor.name, identity.id);
    spdlog::debug("{}: connected", label);
    ClientConnection::Setup setup{
        .home = monitor.home,
        .socket = std::move(socket),
        .label = std::move(label),
        .stalled_timeout = server.limits_.stalled,
        .post_to_main = [this](std::function<void()> fn) { asio::post(io, std::move(fn)); },
        .forget = [this](ClientConnection &client) { server.forget(client); }};
    auto client =
        std::make_shared<QmpConnection>(std::move(setup), server, monitor.style, std::move(identity));
    {
        const std::lock_guard lock{server.clients_lock_};
        server.clients_.push_back(client);
    }
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
    const std::int64_t seq = history_.next_seq();
    const auto line = [&](QmpConnection::EventForm form) {
        const auto number = form.numbered ? std::optional{seq} : std::nullopt;
        return qmp_event_line(event.name, event.data, event.when, number, form.style);
    };
    const std::string plain = line({QmpStyle::compact, false});
    history_.add(event, plain.size());
    std::map<std::pair<QmpStyle, bool>, std::string> others; // made when the first client needs it
    for (const auto &client : clients_) {
        const auto form = client->event_form(event.name);
        if (!form)
            continue;
        if (form->style == QmpStyle::compact && !form->numbered) {
            client->send_event(plain);
            continue;
        }
        std::string &text = others[{form->style, form->numbered}];
        if (text.empty())
            text = line(*form);
        client->send_event(text);
    }
}

std::vector<QmpClientState> QmpServer::clients() const {
    const std::lock_guard lock{clients_lock_};
    std::vector<QmpClientState> states;
    states.reserve(clients_.size());
    for (const auto &client : clients_)
        states.push_back(client->state());
    return states;
}

Result<void> QmpServer::disconnect(std::int64_t id, const QmpClient &asking) {
    const std::lock_guard lock{clients_lock_};
    const auto found = std::ranges::find(clients_, id, &QmpConnection::id);
    if (found == clients_.end())
        return generic_error("Client {} not found", id);
    spdlog::info("{}: disconnected by client {}", (*found)->label(), asking.id());
    if (id == asking.id())
        (*found)->finish();
    else
        (*found)->abort();
    return {};
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

void QmpServer::run(std::shared_ptr<QmpConnection> client, QmpCommand command) {
    if (command.out_of_band) {
        client->answer(command, run_sync(*client, command));
    } else if (is_main_thread()) {
        run_on_main(std::move(client), std::move(command));
    } else {
        asio::post(internal_->io, [this, client = std::move(client), command = std::move(command)]() mutable {
            run_on_main(std::move(client), std::move(command));
        });
    }
}

void QmpServer::run_on_main(std::shared_ptr<QmpConnection> client, QmpCommand command) {
    assert_main_thread();
    if (api_.handlers[command.index].sync != nullptr) {
        client->answer(command, run_sync(*client, command));
        return;
    }
    auto running = internal_->run_coroutine(std::move(client), std::move(command));
    asio::co_spawn(internal_->io, std::move(running), asio::detached);
}

Result<QmpReply> QmpServer::run_sync(QmpConnection &client, const QmpCommand &command) {
    QmpContext context = context_for(client);
    const bool on_main = is_main_thread(); // commands of others, too, may run below one that waits
    const std::string_view before = on_main ? std::exchange(asking_monitor_, client.monitor()) : "";
    const std::shared_ptr<void> restore{nullptr, [&](void *) {
                                            if (on_main)
                                                asking_monitor_ = before;
                                        }};
    try {
        return api_.handlers[command.index].sync(context, command.arguments);
    } catch (const std::exception &exception) {
        return internal_error(client, command, exception);
    }
}

asio::awaitable<void> QmpServer::Internal::run_coroutine(std::shared_ptr<QmpConnection> client,
                                                         QmpCommand command) {
    QmpContext context = server.context_for(*client);
    Result<QmpReply> result{QmpReply{}};
    try {
        auto running = server.api_.handlers[command.index].coroutine(context, command.arguments);
        result = co_await std::move(running);
    } catch (const std::exception &exception) {
        result = server.internal_error(*client, command, exception);
    }
    client->answer(command, result);
}

Error QmpServer::internal_error(const QmpConnection &client, const QmpCommand &command,
                                const std::exception &exception) const {
    spdlog::error("{}: command {}: {}", client.label(), api_.commands[command.index].name, exception.what());
    return generic_error("Internal error: {}", exception.what());
}

QmpContext QmpServer::context_for(QmpClient &client) const {
    assert(context_);
    QmpContext context = *context_;
    context.client = &client;
    return context;
}

void QmpServer::forget(ClientConnection &client) {
    {
        const std::lock_guard lock{clients_lock_};
        std::erase_if(clients_, [&client](const auto &other) { return other.get() == &client; });
    }
    if (clients_.empty()) {
        internal_->close_timer.cancel();
        report_closed();
    }
}

} // namespace iothreadd
