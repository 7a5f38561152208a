// SPDX-License-Identifier: Apache-2.0
//
// QmpServer: all QMP clients of the daemon, wherever they connected, and the sink of its events. It owns the
// listening sockets; each client has its own session and runs its commands one at a time, beside those of the
// others.
//
// Life: listen() and serve() while the command line is processed → clients come and go while the main loop
// runs → stop_commands() → what is left of the daemon may still emit events → close().
//
// Thread: main thread.  Source: QMP as observed in QEMU 11.1, which serves one client per socket.
#pragma once

#include "daemon/monitor/qmp_client.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "protocol/qmp/event_throttle.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class ClientConnection;

class QmpServer final : public EventSink {
public:
    /// Clients at the same time, over all sockets. One more gets an error line and is disconnected.
    static constexpr std::size_t kMaxClients = 1024;
    /// How long close() waits for clients to read what they were sent.
    static constexpr std::chrono::seconds kCloseTimeout{2};

    QmpServer(boost::asio::io_context &io, const QmpApi &api);
    ~QmpServer() override;
    QmpServer(const QmpServer &) = delete;
    QmpServer &operator=(const QmpServer &) = delete;

    /// What commands work on. Before the main loop runs.
    void set_context(const QmpContext &context);

    /// Serve every client that connects; `name` is for the log. The socket file, if any, goes with the
    /// listener.
    void listen(const std::string &name, UnixListener listener, QmpStyle style);
    /// Serve one client that is connected already.
    void serve(const std::string &name, UniqueFd connection, QmpStyle style);

    /// Sent at once, or later, or never, when a limit of QmpApi says so.
    void emit(std::string_view name, std::optional<Json> data) override;

    /// Take no more clients and run no more commands. Those that run are answered, events are still sent.
    void stop_commands();
    /// Then: send everybody what is queued, disconnect them, and call `closed`, later. After kCloseTimeout it
    /// is called although somebody has not read.
    void close(std::function<void()> closed);

private:
    friend class ClientConnection;
    struct Listener;
    struct Internal;

    const QmpApi &api() const { return api_; }
    QmpContext context_for(QmpClient &client) const;
    void send(const QmpEvent &event);
    void await_limited_events();
    void forget(ClientConnection &client);
    void report_closed();

    const QmpApi api_;
    std::optional<QmpContext> context_;
    EventThrottle throttle_;
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::vector<std::shared_ptr<ClientConnection>> clients_;
    std::unique_ptr<Internal> internal_; ///< what needs Asio
};

} // namespace iothreadd
