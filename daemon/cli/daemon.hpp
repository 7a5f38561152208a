// SPDX-License-Identifier: Apache-2.0
//
// Daemon: all parts of the process, introduced to each other. Options build it up from left to right, run()
// serves, and the end takes it down in the order in which its parts hold each other: exports, monitors,
// nodes, IOThreads.
//
// Life: create() → apply() each option → run() until a signal or `quit` → destroyed.
//
// Thread: main thread.
#pragma once

#include "daemon/block/block_graph.hpp"
#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/cli/command_line.hpp"
#include "daemon/cli/main_loop.hpp"
#include "daemon/export/export_registry.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "qapi/options.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class Daemon final : public ShutdownRequest, private OptionHandler {
public:
    /// Errors: the kernel gives no event loop.
    static Result<std::unique_ptr<Daemon>> create();
    ~Daemon() override;

    /// What is to be done after an option.
    enum class Next { go_on, exit };

    /// Carry out one option. `exit`: it asked for help, which is on stdout, or a signal came while it waited.
    Result<Next> apply(const CommandLine::Step &step);
    /// After all options: wait for a client of each chardev that asked for it. By then the monitors have said
    /// who may connect. `exit`: a signal came.
    Next await_clients();

    /// Serve until a signal or `quit` ends it and everything is drained.
    void run();

    void request(std::string_view reason) override;

private:
    explicit Daemon(std::unique_ptr<boost::asio::io_context> io, std::unique_ptr<MainLoop> loop);

    Result<void> object(const qapi::ObjectOptions &options) override;
    Result<void> blockdev(const qapi::BlockdevOptions &options) override;
    Result<void> nbd_server(const qapi::NbdServerOptions &options) override;
    Result<void> export_(const qapi::BlockExportOptions &options) override;
    Result<void> chardev(const qapi::ChardevOptions &options) override;
    Result<void> monitor(const qapi::MonitorOptions &options) override;
    Result<void> mon(const qapi::MonitorOptions &options) override;
    Result<void> qmp(const qapi::QmpOptions &options) override;
    Result<void> help(const OptionInfo &option, std::string_view type) override;

    Result<void> add_chardev(const std::string &id, Result<qapi::ChardevBackend> backend);
    Result<void> wait_for(boost::asio::awaitable<Result<void>> work);
    QmpContext context();
    void await_signal();
    void take_down();

    // Destroyed from the last to the first.
    std::unique_ptr<boost::asio::io_context> io_;
    boost::asio::signal_set signals_;
    std::unique_ptr<MainLoop> loop_;
    MonitorServer server_;
    FdStore fds_;
    ChardevRegistry chardevs_;
    IOThreadPool iothreads_;
    ObjectTree tree_;
    BlockGraph graph_;
    ExportRegistry exports_;

    std::vector<std::string> awaited_; ///< ids of chardevs
    bool help_printed_ = false;
    bool interrupted_ = false; ///< by a signal
    bool ending_ = false;      ///< asked to
    bool ended_ = false;       ///< drained and disconnected
};

} // namespace iothreadd
