// SPDX-License-Identifier: Apache-2.0
//
// ExportRegistry: all exports, whatever their protocol, and the NBD server that the NBD ones need.
//
// When an export goes, the order is: IOTHREAD_HOLDER_REMOVED, BLOCK_EXPORT_DELETED, then whoever waited for
// it.
//
// Thread: main thread.
#pragma once

#include "daemon/export/export.hpp"
#include "daemon/util/result.hpp"
#include "daemon/util/take_fd.hpp"
#include "protocol/qmp/awaitable_fwd.hpp"
#include "qapi/block_export_types.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class BlockGraph;
class EventSink;
class IOThreadPool;
class NbdServer;
struct NbdServerSetup;

class ExportRegistry {
public:
    /// Called once, also inside the call that it was given to.
    using Done = std::function<void()>;

    ExportRegistry(boost::asio::io_context &io, IOThreadPool &iothreads, BlockGraph &graph,
                   EventSink &events);
    ExportRegistry(const ExportRegistry &) = delete;
    ExportRegistry &operator=(const ExportRegistry &) = delete;
    ~ExportRegistry(); ///< after shutdown(): no exports, no server

    /// Newest first.
    const std::vector<std::unique_ptr<Export>> &exports() const { return exports_; }
    Export *find(std::string_view id) const;

    /// Errors: the refusals of block-export-add; nothing is left behind then, and no event was sent.
    Result<void> add(const qapi::BlockExportOptions &options);
    /// `done` is called when the export is gone, not after an error.
    /// Errors: no such export; it is going already; clients are connected and the mode is safe.
    Result<void> del(std::string_view id, qapi::BlockExportRemoveMode mode, Done done);

    /// Null when it is not running.
    const NbdServer *nbd_server() const { return nbd_server_.get(); }
    /// Listen, and serve. A name server may take its time; an `fd` address is what `take_fd` gives.
    /// Errors: running already, or about to be; the address cannot be used; the daemon ends.
    Awaitable<Result<void>> start_nbd_server(NbdServerSetup setup, TakeFd take_fd);
    /// Cut off its clients and delete its exports. `done` as in del(). Errors: not running, or stopping
    /// already.
    Result<void> stop_nbd_server(Done done);

    /// The end of the daemon: clients get what they asked for, then everything goes. The time that a client
    /// may take to read its answers is bounded.
    void shutdown(Done done);

private:
    Result<ExportSetup> check_setup(const qapi::BlockExportOptions &options) const;
    Result<void> add_nbd(ExportSetup setup, const qapi::BlockExportOptionsNbd &options);
    void end(Export &which, ExportEnd how, Done done);
    void end_all(ExportEnd how);
    void stop_accepting();
    void settle();

    boost::asio::io_context &io_;
    IOThreadPool &iothreads_;
    BlockGraph &graph_;
    EventSink &events_;
    std::vector<std::unique_ptr<Export>> exports_;
    std::unique_ptr<NbdServer> nbd_server_;
    bool nbd_server_stopping_ = false; ///< no new clients, no new exports
    bool nbd_server_quiet_ = false;    ///< and it may be destroyed when its exports are gone
    Done nbd_server_stopped_;
    /// Lives in the coroutine that starts the server.
    std::weak_ptr<void> nbd_server_starting_;
    Done shut_down_;
    bool ended_ = false; ///< shutdown() was called
};

} // namespace iothreadd
