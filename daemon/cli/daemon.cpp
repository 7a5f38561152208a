// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/daemon.hpp"

#include "daemon/chardev/chardev_backend.hpp"
#include "daemon/chardev/open_chardev.hpp"
#include "daemon/cli/process.hpp"
#include "daemon/export/nbd/nbd_server.hpp"
#include "daemon/iothread/iothread_type.hpp"
#include "daemon/monitor/event_limits.hpp"
#include "daemon/monitor/monitor_factory.hpp"
#include "daemon/util/activated_socket.hpp"
#include "daemon/util/run_alone.hpp"
#include "daemon/util/thread.hpp"
#include "qapi/block_core_commands.hpp"
#include "qapi/block_export_commands.hpp"
#include "qapi/command_table.hpp"
#include "qapi/control_events.hpp"
#include "qapi/event_table.hpp"
#include "qapi/introspection.hpp"
#include "qapi/qom_commands.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>

namespace iothreadd {

Result<std::unique_ptr<Daemon>> Daemon::create() {
    assert_main_thread();
    auto io = std::make_unique<boost::asio::io_context>(1);
    auto loop = MainLoop::create(*io);
    if (!loop)
        return loop.error();
    return std::unique_ptr<Daemon>(new Daemon{std::move(io), std::move(*loop)});
}

Daemon::Daemon(std::unique_ptr<boost::asio::io_context> io, std::unique_ptr<MainLoop> loop)
    : io_(std::move(io)),
      signals_(*io_, SIGINT, SIGTERM, SIGHUP),
      loop_(std::move(loop)),
      server_(*io_, QmpApi{command_table(), command_handlers(), introspection_json(), kEventLimits,
                           event_table(), option_table()}),
      chardevs_(*io_, fds_),
      iothreads_(loop_->context(), server_),
      graph_(iothreads_, fds_),
      exports_(*io_, iothreads_, graph_, server_) {
    register_iothread_types(tree_, iothreads_);
    register_monitor_types(
        {.chardevs = chardevs_, .iothreads = iothreads_, .tree = tree_, .server = server_});
    server_.set_context(context());
}

Daemon::~Daemon() {
    if (ended_)
        return;
    take_down(); // a later option was wrong: what the earlier ones built goes in the usual order
    io_->run();
}

QmpContext Daemon::context() {
    return {.tree = tree_,
            .iothreads = iothreads_,
            .graph = graph_,
            .exports = exports_,
            .chardevs = chardevs_,
            .monitors = server_,
            .events = server_,
            .shutdown = *this,
            .fds = fds_,
            .client = nullptr};
}

Result<Daemon::Next> Daemon::apply(const CommandLine::Step &step) {
    const bool has_flags = step.option == "chardev" || step.option == "qmp";
    const std::string value = has_flags ? with_long_flags(step.value) : step.value;
    if (auto applied = apply_option(*this, step.option, value); !applied)
        return applied.error();
    return help_printed_ || interrupted_ ? Next::exit : Next::go_on;
}

Result<void> Daemon::object(const qapi::ObjectOptions &options) {
    QmpContext asked_here = context();
    return qmp_object_add(asked_here, options);
}

Result<void> Daemon::blockdev(const qapi::BlockdevOptions &options) {
    auto adding = graph_.add(options);
    return wait_for(std::move(adding));
}

Result<void> Daemon::nbd_server(const qapi::NbdServerOptions &options) {
    NbdServerSetup setup{
        .address = options.addr,
        .max_connections = options.max_connections.value_or(NbdServerSetup::kDefaultMaxConnections),
        .handshake_max_seconds =
            options.handshake_max_seconds.value_or(NbdServerSetup::kDefaultHandshakeMaxSeconds)};
    auto starting = exports_.start_nbd_server(std::move(setup), take_passed_socket);
    return wait_for(std::move(starting));
}

/// A signal ends it, and then the program.
Result<void> Daemon::wait_for(boost::asio::awaitable<Result<void>> work) {
    const auto done = run_alone(std::move(work));
    interrupted_ = !done;
    return done.value_or(Result<void>{});
}

Result<void> Daemon::export_(const qapi::BlockExportOptions &options) {
    QmpContext asked_here = context();
    return qmp_block_export_add(asked_here, options);
}

Result<void> Daemon::chardev(const qapi::ChardevOptions &options) {
    return add_chardev(options.id, chardev_backend(options));
}

Result<void> Daemon::add_chardev(const std::string &id, Result<qapi::ChardevBackend> backend) {
    if (!backend)
        return backend.error();
    if (waits_for_client(*backend)) {
        std::get<static_cast<std::size_t>(qapi::ChardevBackendKind::socket)>(backend->u).data.wait = false;
        awaited_.push_back(id);
    }
    auto adding = chardevs_.add(id, std::move(*backend), take_passed_socket);
    return wait_for(std::move(adding));
}

Daemon::Next Daemon::await_clients() {
    for (const std::string &id : awaited_) {
        auto waiting = chardevs_.find(id)->wait_for_client();
        (void)wait_for(std::move(waiting)); // nobody can remove it
        if (interrupted_)
            return Next::exit;
    }
    return Next::go_on;
}

Result<void> Daemon::monitor(const qapi::MonitorOptions &options) { return add_monitor(tree_, options); }

Result<void> Daemon::mon(const qapi::MonitorOptions &options) {
    qapi::MonitorOptions human = options;
    human.mode = options.mode.value_or(qapi::MonitorMode::readline);
    return add_monitor(tree_, human);
}

Result<void> Daemon::qmp(const qapi::QmpOptions &options) {
    constexpr std::string_view kExisting = "chardev:";
    qapi::MonitorOptions monitor{.chardev = options.device, .pretty = options.pretty};
    if (options.device.starts_with(kExisting)) {
        monitor.chardev.erase(0, kExisting.size());
    } else {
        monitor.id = free_monitor_id(tree_);
        monitor.chardev = *monitor.id;
        if (auto added = add_chardev(monitor.chardev, chardev_backend(options)); !added || interrupted_)
            return added;
    }
    return add_monitor(tree_, monitor);
}

Result<void> Daemon::help(const OptionInfo &option, std::string_view type) {
    const std::string text = option_help(option, type);
    if (text.empty())
        return generic_error("Help is not available for this option");
    std::cout << text;
    help_printed_ = true;
    return {};
}

void Daemon::run() {
    await_signal();
    io_->run();
}

void Daemon::await_signal() {
    signals_.async_wait([this](const boost::system::error_code &error, int signal) {
        if (error)
            return;
        spdlog::info("signal {}: ending", signal);
        request(kShutdownBySignal);
        await_signal(); // a second one changes nothing, and must not kill what is being drained
    });
}

void Daemon::request(std::string_view reason) {
    assert_main_thread();
    if (ending_)
        return;
    ending_ = true;
    notify_service_manager("STOPPING=1");
    const auto cause = qapi::shutdown_cause_from_string(reason);
    emit(server_, qapi::ShutdownEvent{.guest = false, .reason = *cause});
    server_.stop_commands();
    chardevs_.shut_down();
    // Later, so that the command that asked is answered before its connection closes.
    boost::asio::post(*io_, [this] { take_down(); });
}

void Daemon::take_down() {
    exports_.shutdown([this] {
        server_.close([this] {
            chardevs_.drain([this] {
                ended_ = true;
                io_->stop();
            });
        });
    });
}

} // namespace iothreadd
