// SPDX-License-Identifier: Apache-2.0
//
// QmpMonitor: the object `monitor-qmp`: offers QMP on a chardev. With an IOThread, which it holds, its
// clients are served there: bytes, parsing, out-of-band commands; other commands run on the main thread in
// any case.
//
// Thread: main thread.  Source: QEMU 11.1's object of this name; `iothread` is ours.
#pragma once

#include "daemon/iothread/holder_token.hpp"
#include "daemon/monitor/role.hpp"
#include "daemon/monitor/socket_access.hpp"
#include "daemon/qom/object.hpp"
#include "protocol/qmp/qmp_message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace iothreadd {

class Chardev;
class ChardevRegistry;
class IOThreadPool;
class ObjectTree;
class MonitorServer;

namespace qapi {
struct MonitorOptions;
} // namespace qapi

/// What monitors are made of.
struct MonitorParts {
    ChardevRegistry &chardevs;
    IOThreadPool &iothreads;
    MonitorServer &server;
};

class QmpMonitor final : public Object {
public:
    struct Options {
        std::string id;
        std::string chardev;
        std::optional<std::string> iothread;
        QmpStyle style = QmpStyle::compact;
        SocketAccess::Options socket{};
        std::vector<qapi::MonitorAllow> allow = allow_everybody();
    };

    QmpMonitor(Options options, const MonitorParts &parts);
    /// Disconnects its clients, and gives chardev and IOThread back.
    ~QmpMonitor() override;

    /// Begin to serve. Errors: no such chardev or IOThread; the chardev has a monitor already; those of
    /// SocketAccess.
    Result<void> complete() override;
    /// Errors: a client of its is the one that asks.
    Result<void> prepare_delete() override;

    const Options &options() const { return options_; }

private:
    Result<void> take_socket(Chardev &chardev);

    const Options options_;
    const MonitorParts parts_;
    std::optional<HolderToken> token_;
    std::optional<SocketAccess> access_; ///< to the chardev's socket
    Chardev *chardev_ = nullptr;         ///< while it serves
};

/// Make `monitor-qmp` known. `parts` outlive the tree.
void register_monitor_types(ObjectTree &tree, const MonitorParts &parts);

/// The option --monitor: create such an object, named `compat_monitorN` unless it has an id.
Result<void> add_monitor(ObjectTree &tree, const qapi::MonitorOptions &options);

} // namespace iothreadd
