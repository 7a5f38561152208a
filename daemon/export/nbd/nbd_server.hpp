// SPDX-License-Identifier: Apache-2.0
//
// NbdServer: the daemon's one NBD server: where it listens, which exports it offers, and how many clients it
// takes.
//
// Life: start() → exports come and go → all exports are gone → stop() → destroyed.
//
// Thread: main thread.
#pragma once

#include "daemon/export/nbd/nbd_negotiation.hpp"
#include "daemon/util/result.hpp"
#include "qapi/sockets_types.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace iothreadd {

class NbdExport;
struct NbdListener;

struct NbdServerSetup {
    static constexpr std::uint32_t kDefaultMaxConnections = 100;     // as QEMU's
    static constexpr std::uint32_t kDefaultHandshakeMaxSeconds = 10; // as QEMU's

    qapi::SocketAddress address;
    std::uint32_t max_connections = kDefaultMaxConnections;            ///< 0: no limit
    std::uint32_t handshake_max_seconds = kDefaultHandshakeMaxSeconds; ///< 0: no limit
};

class NbdServer {
public:
    /// Serve whoever connects to the sockets, which listen at the address of `setup`.
    static std::unique_ptr<NbdServer> start(boost::asio::io_context &io, const NbdServerSetup &setup,
                                            std::vector<NbdListener> listeners);
    NbdServer(const NbdServer &) = delete;
    NbdServer &operator=(const NbdServer &) = delete;
    ~NbdServer(); ///< stopped, without exports

    /// Where it listens, with the ports that the kernel chose.
    const std::vector<qapi::SocketAddress> &addresses() const { return addresses_; }
    std::uint32_t max_connections() const { return setup_.max_connections; }
    /// Clients at the moment, those in their handshake included.
    std::size_t connections() const { return connections_; }

    /// Null when no export has this name.
    NbdExport *find(std::string_view name) const;

    /// No more clients, and none in a handshake any more. `stopped` is called later, once.
    void stop(std::function<void()> stopped);

    // For NbdExport.
    void add(NbdExport &nbd_export);
    void remove(NbdExport &nbd_export);
    void connection_over();

private:
    class Host;
    explicit NbdServer(const NbdServerSetup &setup);

    const NbdServerSetup setup_;
    std::vector<qapi::SocketAddress> addresses_;
    std::vector<NbdExport *> exports_;
    std::size_t connections_ = 0;
    std::unique_ptr<Host> host_;
};

} // namespace iothreadd
