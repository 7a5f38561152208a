// SPDX-License-Identifier: Apache-2.0
//
// MonitorSetup: the options --chardev and --monitor. A chardev opens a socket under an id; a monitor puts the
// QMP server behind it.
//
// Thread: main thread, while the command line is processed.  Source: qemu-storage-daemon's options of these
// names.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"
#include "daemon/util/unix_listener.hpp"

#include <string>
#include <vector>

namespace iothreadd {

namespace qapi {
struct ChardevOptions;
struct MonitorOptions;
} // namespace qapi

class QmpServer;

class MonitorSetup {
public:
    explicit MonitorSetup(QmpServer &server) : server_(server) {}

    /// Open the socket: listen, or connect. With wait=on, return when the first client has connected.
    Result<void> add_chardev(const qapi::ChardevOptions &options);
    /// Offer QMP on a chardev that no other monitor has.
    Result<void> add_monitor(const qapi::MonitorOptions &options);

private:
    struct Chardev {
        std::string id;
        UnixListener listener{}; ///< without a file unless we made one
        UniqueFd connection{};   ///< instead, in client mode
        bool in_use = false;
    };

    Chardev *find(const std::string &id);

    QmpServer &server_;
    std::vector<Chardev> chardevs_;
    std::vector<std::string> monitor_ids_;
};

} // namespace iothreadd
