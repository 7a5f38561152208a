// SPDX-License-Identifier: Apache-2.0
//
// NbdExport: a block node under a name in the NBD server, and its connections, which take turns over the
// export's event loops.
//
// Thread: main thread.
#pragma once

#include "daemon/export/export.hpp"
#include "daemon/export/nbd/nbd_connection.hpp"
#include "daemon/export/nbd/nbd_negotiation.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

namespace iothreadd {

class IOThreadPool;
class NbdServer;

class NbdExport final : public Export {
public:
    NbdExport(ExportSetup setup, std::string name, std::string description, IOThreadPool &iothreads);
    ~NbdExport() override; ///< without connections; leaves the server

    /// Offer the export to clients. Its name is not taken in `server`, which outlives it.
    void publish(NbdServer &server);
    const NbdExportInfo &info() const { return info_; }

    /// Serve a client that finished its handshake. Not while shutting down.
    void serve(UniqueFd fd, bool structured);

    qapi::BlockExportType type() const override { return qapi::BlockExportType::nbd; }
    std::size_t connections() const override { return connections_.size(); }
    bool in_use() const override { return !connections_.empty(); }

private:
    void pause(std::function<void()> paused) override;
    void resume() override;
    void end_clients(ExportEnd end, std::function<void()> gone) override;
    void unpublish();
    void connection_closed(NbdConnection &connection);

    NbdExportInfo info_;
    HolderToken main_loop_; ///< where connections report to
    NbdServer *server_ = nullptr;
    std::list<std::unique_ptr<NbdConnection>> connections_;
    bool paused_ = false;
    std::function<void()> gone_; ///< called when the last connection has closed
};

} // namespace iothreadd
