// SPDX-License-Identifier: Apache-2.0
//
// MonitorServer: all clients of all monitors, and the sink of the daemon's events. It runs the clients'
// commands; each client has its own session.
//
// Life: serve() whoever connects → clients come and go while the main loop runs → stop_commands() → what is
// left of the daemon may still emit events → close().
//
// Thread: main thread.  Source: QMP as observed in QEMU 11.1, which serves one client per socket.
#pragma once

#include "daemon/aio/aio_home.hpp"
#include "daemon/chardev/chardev.hpp"
#include "daemon/monitor/client_admission.hpp"
#include "daemon/monitor/event_history.hpp"
#include "daemon/monitor/qmp_client.hpp"
#include "daemon/monitor/role.hpp"
#include "daemon/util/qmp_context.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "protocol/qmp/event_throttle.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class ClientConnection;
struct Completions;
class HmpConnection;
class QmpConnection;
struct ClientState;

/// What clients may cost.
struct QmpLimits {
    static constexpr std::chrono::seconds kStalledTimeout{30};

    /// Clients at the same time, over all sockets. One more gets an error line and is disconnected.
    std::size_t clients = ClientAdmission::kMaxClients;
    /// How long a client that is far behind may read nothing at all before it is disconnected.
    std::chrono::nanoseconds stalled = kStalledTimeout;
};

/// How the human monitor behaves.
struct HumanDialect {
    bool readline; ///< edit lines for a person at a terminal
};

class MonitorServer final : public EventSink {
public:
    /// How long close() waits for clients to read what they were sent.
    static constexpr std::chrono::seconds kCloseTimeout{2};

    MonitorServer(boost::asio::io_context &io, const QmpApi &api, const QmpLimits &limits = {});
    ~MonitorServer() override;
    MonitorServer(const MonitorServer &) = delete;
    MonitorServer &operator=(const MonitorServer &) = delete;

    /// What commands work on. Before the main loop runs.
    void set_context(const QmpContext &context);

    /// What the clients of a monitor speak: QMP, or as people do.
    using Dialect = std::variant<QmpStyle, HumanDialect>;

    /// What the clients of one monitor have in common.
    struct Monitor {
        std::string name; ///< unique
        Dialect dialect;
        AioHome home; ///< serves them; for people, the main thread's
        std::vector<qapi::MonitorAllow> allow = allow_everybody();
    };

    /// Serve a client, or tell it that it may not connect or that there are too many; after stop_commands()
    /// nobody is told anything. Whether it is served; if not, it is over, and `ended` called later.
    bool serve(const Monitor &monitor, ChardevStream stream);
    /// Disconnect the clients of a monitor; nothing of them is left in its home.
    void close_monitor(std::string_view name);
    /// The monitor whose client asked for the command that runs now; empty: none.
    std::string_view asking_monitor() const { return asking_monitor_; }

    /// Sent at once, or later, or never, when a limit of QmpApi says so.
    void emit(std::string_view name, std::optional<Json> data) override;

    /// Take no more clients and run no more commands. Those that run are answered, events are still sent.
    void stop_commands();
    /// Then: send everybody what is queued, disconnect them, and call `closed`, later. After kCloseTimeout it
    /// is called although somebody has not read.
    void close(std::function<void()> closed);

    const QmpApi &api() const { return api_; }
    /// In the order in which they connected. Any thread.
    std::vector<ClientState> clients() const;
    /// End the connection of client `id`, after its reply if that is the one that asks. Any thread.
    /// Errors: GenericError when there is none.
    Result<void> disconnect(std::int64_t id, std::int64_t asking);
    const EventHistory &event_history() const { return history_; }

    /// Run a command of a client and answer it: out-of-band ones at once, others on the main thread; those
    /// that its role does not allow are refused at once. In the client's home thread.
    void run(std::shared_ptr<QmpConnection> client, QmpCommand command);
    /// Run a line of a person's; what it prints.
    std::string run_human(const HmpConnection &client, std::string_view line);
    /// What may stand instead of the last word of a line that he types.
    Completions complete_human(const HmpConnection &client, std::string_view line);

private:
    struct Internal;
    class Asking;

    QmpContext context_for(const ClientConnection &client, QmpClient *asking) const;
    void refuse(const Monitor &monitor, const Error &error, ChardevStream stream);
    std::shared_ptr<ClientConnection> make_client(const Monitor &monitor, ClientPermit permit,
                                                  ChardevStream stream);
    Result<QmpReply> run_sync(QmpConnection &client, const QmpCommand &command);
    void run_on_main(std::shared_ptr<QmpConnection> client, QmpCommand command);
    Error internal_error(const ClientConnection &client, std::string_view command,
                         const std::exception &exception) const;
    void send(const QmpEvent &event);
    void await_limited_events();
    void forget(ClientConnection &client);
    void report_closed();

    const QmpApi api_;
    const QmpLimits limits_;
    ClientAdmission admission_;
    std::optional<QmpContext> context_;
    EventThrottle throttle_;
    EventHistory history_;
    std::string_view asking_monitor_;
    std::int64_t next_client_ = 1;
    bool stopped_ = false;            ///< no more clients, no more commands
    mutable std::mutex clients_lock_; ///< clients_ changes on the main thread only; others read it
    std::vector<std::shared_ptr<ClientConnection>> clients_;
    std::unique_ptr<Internal> internal_; ///< what needs Asio
};

} // namespace iothreadd
