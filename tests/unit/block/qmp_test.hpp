// SPDX-License-Identifier: Apache-2.0
//
// Calling the block commands as dispatch does.
#pragma once

#include "daemon/block/block_graph.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/run_alone.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "qapi/block_core_commands.hpp"
#include "tests/unit/block/block_test.hpp"
#include "tests/unit/untouched.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace iothreadd {
class ExportRegistry {}; // these commands have no use for the real one
} // namespace iothreadd

namespace iothreadd::test {

/// A coroutine command under way.
class Command {
public:
    Command(boost::asio::io_context &io, Awaitable<Result<void>> coroutine) : io_(io) {
        boost::asio::co_spawn(io, std::move(coroutine),
                              [this](std::exception_ptr thrown, Result<void> result) {
                                  CHECK_FALSE(thrown);
                                  result_ = std::move(result);
                              });
        run();
    }
    Command(const Command &) = delete;
    Command &operator=(const Command &) = delete;

    void run() {
        io_.restart();
        io_.poll();
    }
    bool ended() {
        run();
        return result_.has_value();
    }
    /// "" for success.
    std::string desc() {
        REQUIRE(ended());
        return *result_ ? "" : result_->error().desc;
    }

private:
    boost::asio::io_context &io_;
    std::optional<Result<void>> result_;
};

class NoShutdown final : public ShutdownRequest {
public:
    void request(std::string_view) override {}
};

/// Graph, IOThreads and what else a command may touch.
struct Qmp : Loop {
    explicit Qmp(FdMonitorKind fd_monitor = FdMonitorKind::automatic) : Loop(fd_monitor) {}

    IOThread &add_iothread(const std::string &id) {
        iothreads.push_back(
            std::make_unique<IOThread>(id, IOThreadParameters{}, FdMonitorKind::automatic, pool));
        REQUIRE(iothreads.back()->complete());
        return *iothreads.back();
    }
    qapi::BlockdevOptions null_options(const std::string &name) {
        qapi::BlockdevOptions options;
        options.node_name = name;
        options.u.emplace<1>();
        return options;
    }
    BlockNode &add_null(const std::string &name) {
        REQUIRE(add(null_options(name)) == "");
        return *graph.find(name);
    }
    std::unique_ptr<Command> set_iothread(const std::string &node, std::optional<std::string> iothread,
                                          bool force = false) {
        qapi::XBlockdevSetIothreadArgs &args =
            *arguments.emplace_back(std::make_unique<qapi::XBlockdevSetIothreadArgs>());
        args.node_name = node;
        if (iothread)
            args.iothread.u = *iothread;
        else
            args.iothread.u = nullptr;
        args.force = force;
        return std::make_unique<Command>(io, qmp_x_blockdev_set_iothread(qmp, args));
    }
    std::string del(const std::string &name) {
        qapi::BlockdevDelArgs args;
        args.node_name = name;
        const auto result = qmp_blockdev_del(qmp, args);
        return result ? "" : result.error().desc;
    }
    std::string add(const qapi::BlockdevOptions &options) {
        auto adding = qmp_blockdev_add(qmp, options);
        const auto result = run_alone(std::move(adding)).value();
        return result ? "" : result.error().desc;
    }

    boost::asio::io_context io;
    std::vector<std::unique_ptr<qapi::XBlockdevSetIothreadArgs>> arguments;
    std::vector<std::unique_ptr<IOThread>> iothreads;
    ObjectTree tree;
    FdStore fds;
    BlockGraph graph{pool, fds};
    ExportRegistry exports;
    NoShutdown shutdown;
    Untouched untouched;
    QmpContext qmp{tree, pool, graph, exports, untouched, untouched, events, shutdown, fds, nullptr};
};

} // namespace iothreadd::test
