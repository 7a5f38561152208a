// SPDX-License-Identifier: Apache-2.0
//
// What the tests of exports share: main loop, IOThreads, block graph, registry, and clients that got through
// their handshake.
#pragma once

#include "daemon/block/block_graph.hpp"
#include "daemon/block/block_node.hpp"
#include "daemon/export/export_registry.hpp"
#include "daemon/export/nbd/nbd_server.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/fd_store.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/run_alone.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "protocol/qmp/json.hpp"
#include "qapi/block_core_types.hpp"
#include "tests/unit/export/nbd_client.hpp"
#include "tests/unit/export/temp_dir.hpp"
#include "tests/unit/untouched.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace iothreadd::test {

class EventNames final : public EventSink {
public:
    void emit(std::string_view name, std::optional<Json> data) override {
        names.push_back(std::string{name});
        if (name == "BLOCK_EXPORT_DELETED")
            names.back() += " " + data->at("id").get<std::string>();
    }
    std::vector<std::string> names;
};

class NoShutdown final : public ShutdownRequest {
public:
    void request(std::string_view) override {}
};

class ExportFixture {
public:
    static constexpr std::int64_t kSize = 64 << 20;

    explicit ExportFixture(FdMonitorKind fd_monitor = FdMonitorKind::automatic) {
        for (const char *const id : {"io0", "io1"}) {
            iothreads.push_back(std::make_unique<IOThread>(id, IOThreadParameters{}, fd_monitor, pool));
            REQUIRE(iothreads.back()->complete().has_value());
        }
        add_node("f0", false);
        events.names.clear();
    }
    ~ExportFixture() {
        bool done = false;
        exports.shutdown([&] { done = true; });
        CHECK(wait_until([&] { return done; }));
        CHECK(io0().holders().empty());
        CHECK(io1().holders().empty());
        for (const std::string &name : nodes)
            CHECK(graph.del(name).has_value());
    }

    void step() {
        context->poll(false);
        io.restart();
        io.poll();
    }
    bool wait_until(const std::function<bool()> &reached) {
        return run_until([this] { step(); }, reached);
    }

    void add_node(const std::string &name, bool read_only, std::uint64_t latency_ns = 0) {
        qapi::BlockdevOptions options;
        options.node_name = name;
        options.read_only = read_only;
        qapi::BlockdevOptionsNull null;
        null.size = kSize;
        null.latency_ns = latency_ns;
        options.u.emplace<1>() = {null};
        auto adding = graph.add(options);
        REQUIRE(run_alone(std::move(adding)).value().has_value());
        nodes.push_back(name);
    }
    IOThread &io0() { return *iothreads[0]; }
    IOThread &io1() { return *iothreads[1]; }

    void start_server(std::uint32_t max_connections = 100) {
        NbdServerSetup setup;
        setup.address.u.emplace<1>() = {{path}};
        setup.max_connections = max_connections;
        auto starting = exports.start_nbd_server(setup, nullptr);
        REQUIRE(run_alone(std::move(starting)).value().has_value());
    }
    static qapi::BlockExportOptions options(const std::string &id = "e0", const std::string &node = "f0") {
        qapi::BlockExportOptions made;
        made.id = id;
        made.node_name = node;
        return made;
    }
    /// The error, or nothing.
    std::string add(const qapi::BlockExportOptions &made) {
        const auto added = exports.add(made);
        return added ? "" : added.error().desc;
    }
    std::string del(const std::string &id, qapi::BlockExportRemoveMode mode) {
        const auto deleted = exports.del(id, mode, [this, id] { events.names.push_back("reply " + id); });
        return deleted ? "" : deleted.error().desc;
    }

    /// A client in the transmission phase.
    NbdClient client(const std::string &name = "f0") {
        NbdClient made = NbdClient::connect(path, [this] { step(); });
        const NbdClient::Bytes text{name.begin(), name.end()};
        const std::size_t before = exports.exports().front()->connections();
        REQUIRE(
            made.send_hex("00000003" + option_hex(nbd::NBD_OPT_GO,
                                                  fmt::format("{:08x}{}0000", name.size(), to_hex(text)))));
        REQUIRE(made.receive(18 + (20 + 14) + (20 + 12) + 20).size() == 18 + (20 + 14) + (20 + 12) + 20);
        REQUIRE(wait_until([&] { return exports.exports().front()->connections() > before; }));
        return made;
    }
    static bool serves(NbdClient &client) {
        return client.send_hex(request_hex(nbd::NBD_CMD_READ, 1, 0, 512)) &&
               client.receive(16 + 512).size() == 16 + 512;
    }

    const TempDir dir;
    const std::string path = dir / "s";
    EventNames events;
    boost::asio::io_context io;
    std::unique_ptr<AioContext> context = std::move(AioContext::create({.loop = AioLoop::external}).value());
    IOThreadPool pool{*context, events};
    std::vector<std::unique_ptr<IOThread>> iothreads;
    FdStore fds;
    BlockGraph graph{pool, fds};
    std::vector<std::string> nodes;
    ExportRegistry exports{io, pool, graph, events};
    ObjectTree tree;
    NoShutdown shutdown;
    Untouched untouched;
    QmpContext qmp{tree, pool, graph, exports, untouched, untouched, events, shutdown, fds, nullptr};
};

} // namespace iothreadd::test
