// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_export.hpp"

#include "daemon/block/block_node.hpp"
#include "daemon/export/nbd/nbd_server.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/thread.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace iothreadd {

namespace {

std::uint64_t next_serial() {
    static std::uint64_t serial = 0; // main thread
    return ++serial;
}

} // namespace

NbdExport::NbdExport(ExportSetup setup, std::string name, std::string description, IOThreadPool &iothreads)
    : Export(std::move(setup)),
      info_{std::move(name), std::move(description), node().size_bytes(), node().request_alignment(),
            !writable(),     next_serial()},
      main_loop_(iothreads.hold_main(Holder::block_export(id()))) {}

NbdExport::~NbdExport() {
    assert_main_thread();
    assert(connections_.empty());
    unpublish();
}

void NbdExport::publish(NbdServer &server) {
    assert_main_thread();
    server_ = &server;
    server.add(*this);
}

/// The name is free for another export at once, also while clients of this one are still leaving.
void NbdExport::unpublish() {
    if (server_)
        server_->remove(*this);
}

void NbdExport::serve(UniqueFd fd, bool structured) {
    assert_main_thread();
    assert(!shutting_down());
    NbdConnection::Setup setup{
        std::move(fd), node(), {info_.size_bytes, info_.read_only, structured}, writethrough()};
    connections_.push_back(std::make_unique<NbdConnection>(
        std::move(setup), main_loop_.context(),
        [this](NbdConnection &connection) { connection_closed(connection); }));
    if (!paused_)
        connections_.back()->attach(next_home());
    spdlog::debug("export '{}': client connected, {} now", id(), connections_.size());
}

void NbdExport::connection_closed(NbdConnection &connection) {
    connections_.remove_if([&](const auto &candidate) { return candidate.get() == &connection; });
    spdlog::debug("export '{}': client disconnected, {} left", id(), connections_.size());
    server_->connection_over();
    if (connections_.empty() && gone_) {
        const auto gone = std::exchange(gone_, nullptr);
        gone(); // destroys us
    }
}

void NbdExport::pause(std::function<void()> paused) {
    paused_ = true;
    if (connections_.empty())
        return paused();
    const auto waiting = std::make_shared<std::size_t>(connections_.size());
    const auto one_less = [waiting, paused = std::move(paused)] {
        if (--*waiting == 0)
            paused();
    };
    for (const auto &connection : connections_)
        connection->detach(one_less);
}

void NbdExport::resume() {
    paused_ = false;
    for (const auto &connection : connections_)
        connection->attach(next_home());
}

void NbdExport::end_clients(ExportEnd end, std::function<void()> gone) {
    assert(!gone_);
    unpublish();
    if (connections_.empty())
        return gone();
    gone_ = std::move(gone);
    for (const auto &connection : connections_) {
        if (end == ExportEnd::cut)
            connection->cut();
        else
            connection->finish();
    }
}

} // namespace iothreadd
