// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/monitor_server.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/monitor/hmp_connection.hpp"
#include "daemon/monitor/human_monitor.hpp"
#include "daemon/monitor/qmp_connection.hpp"
#include "daemon/util/exception_text.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/thread.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

namespace iothreadd {
namespace {

namespace asio = boost::asio;

} // namespace

/// The parts of the server that need Asio's types.
struct MonitorServer::Internal {
    Internal(MonitorServer &server_, asio::io_context &io_)
        : server(server_), io(io_), close_timer(io_), event_timer(io_) {}

    asio::awaitable<void> run_coroutine(std::shared_ptr<QmpConnection> client, QmpCommand command);

    MonitorServer &server;
    asio::io_context &io;
    asio::steady_timer close_timer;
    asio::steady_timer event_timer; ///< runs while the throttle has intervals
    std::function<void()> closed;
};

MonitorServer::MonitorServer(asio::io_context &io, const QmpApi &api, const QmpLimits &limits)
    : api_(api),
      limits_(limits),
      admission_(limits.clients),
      throttle_(api.event_limits),
      internal_(std::make_unique<Internal>(*this, io)) {
    assert_main_thread();
    assert(api.commands.size() == api.handlers.size());
}

MonitorServer::~MonitorServer() {
    for (const auto &client : clients_)
        client->abort_and_wait();
}

void MonitorServer::set_context(const QmpContext &context) {
    assert_main_thread();
    assert(!context_);
    context_.emplace(context);
}

void MonitorServer::close_monitor(std::string_view name) {
    assert_main_thread();
    for (const auto &client : clients_)
        if (client->monitor() == name)
            client->abort_and_wait();
    {
        const std::lock_guard lock{clients_lock_};
        std::erase_if(clients_, [name](const auto &client) { return client->monitor() == name; });
    }
    if (!context_)
        return;
    context_->fds.forget_monitor(name);
    if (clients_.empty())
        context_->fds.forget_unused_sets();
}

bool MonitorServer::serve(const Monitor &monitor, ChardevStream stream) {
    assert_main_thread();
    if (stopped_) {
        asio::post(internal_->io, std::move(stream.ended));
        return false;
    }
    const int on = 1; // an error for a unix socket, and no matter there
    ::setsockopt(stream.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto permit = admission_.admit(monitor.name, monitor.allow, stream, clients_);
    if (!permit) {
        refuse(monitor, permit.error(), std::move(stream));
        return false;
    }
    auto client = make_client(monitor, *std::move(permit), std::move(stream));
    spdlog::debug("{}: connected", client->label());
    {
        const std::lock_guard lock{clients_lock_};
        clients_.push_back(client);
    }
    client->start();
    return true;
}

/// Say why, and disconnect.
void MonitorServer::refuse(const Monitor &monitor, const Error &error, ChardevStream stream) {
    const auto *const style = std::get_if<QmpStyle>(&monitor.dialect);
    const std::string line = style != nullptr ? qmp_error_line(error, std::nullopt, *style)
                                              : fmt::format("Error: {}\r\n", error.desc);
    ::send(stream.socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ClientConnection::end_connection(stream.socket.get());
    asio::post(internal_->io, std::move(stream.ended));
}

std::shared_ptr<ClientConnection> MonitorServer::make_client(const Monitor &monitor, ClientPermit permit,
                                                             ChardevStream stream) {
    ClientConnection::Setup setup{
        .home = monitor.home,
        .socket = std::move(stream.socket),
        .identity = {.id = next_client_++, .monitor = monitor.name, .permit = std::move(permit)},
        .stalled_timeout = limits_.stalled,
        .post_to_main = [this](std::function<void()> fn) { asio::post(internal_->io, std::move(fn)); },
        .forget =
            [this, ended = std::move(stream.ended)](ClientConnection &client) {
                forget(client);
                ended();
            }};
    if (const auto *const human = std::get_if<HumanDialect>(&monitor.dialect))
        return std::make_shared<HmpConnection>(std::move(setup), *this, human->readline);
    return std::make_shared<QmpConnection>(std::move(setup), *this, std::get<QmpStyle>(monitor.dialect));
}

void MonitorServer::emit(std::string_view name, std::optional<Json> data) {
    assert_main_thread();
    QmpEvent event{std::string{name}, std::move(data), std::chrono::system_clock::now()};
    if (const auto now = throttle_.admit(std::move(event), EventThrottle::Clock::now()))
        send(*now);
    await_limited_events();
}

/// Keep the timer at the throttle's deadline.
void MonitorServer::await_limited_events() {
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

void MonitorServer::send(const QmpEvent &event) {
    const std::int64_t seq = history_.next_seq();
    const auto line = [&](EventForm form) {
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

std::vector<ClientState> MonitorServer::clients() const {
    const std::lock_guard lock{clients_lock_};
    std::vector<ClientState> states;
    states.reserve(clients_.size());
    for (const auto &client : clients_)
        states.push_back(client->state());
    return states;
}

Result<void> MonitorServer::disconnect(std::int64_t id, std::int64_t asking) {
    const std::lock_guard lock{clients_lock_};
    const auto found = std::ranges::find(clients_, id, &ClientConnection::id);
    if (found == clients_.end())
        return generic_error("Client {} not found", id);
    const bool itself = id == asking;
    spdlog::info("{}: disconnected by {}", (*found)->label(), itself ? "itself" : "another client");
    if (itself)
        (*found)->finish();
    else
        (*found)->abort();
    return {};
}

void MonitorServer::stop_commands() {
    assert_main_thread();
    stopped_ = true;
    for (const auto &client : clients_)
        client->stop_commands();
}

void MonitorServer::close(std::function<void()> closed) {
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

void MonitorServer::report_closed() {
    if (internal_->closed)
        asio::post(internal_->io, std::exchange(internal_->closed, nullptr));
}

void MonitorServer::run(std::shared_ptr<QmpConnection> client, QmpCommand command) {
    if (auto permitted = check_permit(client->permit(), api_.commands[command.index].name); !permitted) {
        client->answer(command, permitted.error());
    } else if (command.out_of_band) {
        client->answer(command, run_sync(*client, command));
    } else if (is_main_thread()) {
        run_on_main(std::move(client), std::move(command));
    } else {
        asio::post(internal_->io, [this, client = std::move(client), command = std::move(command)]() mutable {
            run_on_main(std::move(client), std::move(command));
        });
    }
}

void MonitorServer::run_on_main(std::shared_ptr<QmpConnection> client, QmpCommand command) {
    assert_main_thread();
    if (api_.handlers[command.index].sync != nullptr) {
        client->answer(command, run_sync(*client, command));
        return;
    }
    auto running = internal_->run_coroutine(client, std::move(command));
    asio::co_spawn(internal_->io, std::move(running), [client](const std::exception_ptr &thrown) {
        if (!thrown)
            return;
        spdlog::error("{}: no answer: {}", client->label(), exception_text(thrown));
        client->abort(); // it would wait for ever
    });
}

/// Commands of others, too, may run below one that waits.
class MonitorServer::Asking {
public:
    /// Nothing to remember off the main thread.
    Asking(MonitorServer &server, const ClientConnection &client)
        : asking_(is_main_thread() ? &server.asking_monitor_ : nullptr) {
        if (asking_ != nullptr)
            before_ = std::exchange(*asking_, client.monitor());
    }
    ~Asking() {
        if (asking_ != nullptr)
            *asking_ = before_;
    }
    Asking(const Asking &) = delete;
    Asking &operator=(const Asking &) = delete;

private:
    std::string_view *asking_;
    std::string_view before_;
};

Result<QmpReply> MonitorServer::run_sync(QmpConnection &client, const QmpCommand &command) {
    QmpContext context = context_for(client, &client);
    const Asking asking{*this, client};
    try {
        return api_.handlers[command.index].sync(context, command.arguments);
    } catch (const std::exception &exception) {
        return internal_error(client, api_.commands[command.index].name, exception);
    }
}

std::string MonitorServer::run_human(const HmpConnection &client, std::string_view line) {
    QmpContext context = context_for(client, nullptr);
    const Asking asking{*this, client};
    try {
        return run_human_command(context, line);
    } catch (const std::exception &exception) {
        return fmt::format("Error: {}\n", internal_error(client, line, exception).desc);
    }
}

Completions MonitorServer::complete_human(const HmpConnection &client, std::string_view line) {
    const QmpContext context = context_for(client, nullptr);
    return complete_human_command(context, line);
}

asio::awaitable<void> MonitorServer::Internal::run_coroutine(std::shared_ptr<QmpConnection> client,
                                                             QmpCommand command) {
    QmpContext context = server.context_for(*client, client.get());
    Result<QmpReply> result{QmpReply{}};
    try {
        auto running = server.api_.handlers[command.index].coroutine(context, command.arguments);
        result = co_await std::move(running);
    } catch (const std::exception &exception) {
        result = server.internal_error(*client, server.api_.commands[command.index].name, exception);
    }
    client->answer(command, result);
}

Error MonitorServer::internal_error(const ClientConnection &client, std::string_view command,
                                    const std::exception &exception) const {
    spdlog::error("{}: command {}: {}", client.label(), command, exception.what());
    return generic_error("Internal error: {}", exception.what());
}

QmpContext MonitorServer::context_for(const ClientConnection &client, QmpClient *asking) const {
    assert(context_);
    QmpContext context = *context_;
    context.client = asking;
    context.client_id = client.id();
    context.monitor = client.monitor();
    return context;
}

void MonitorServer::forget(ClientConnection &client) {
    {
        const std::lock_guard lock{clients_lock_};
        std::erase_if(clients_, [&client](const auto &other) { return other.get() == &client; });
    }
    if (clients_.empty()) {
        if (context_)
            context_->fds.forget_unused_sets();
        internal_->close_timer.cancel();
        report_closed();
    }
}

} // namespace iothreadd
