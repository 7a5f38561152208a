// SPDX-License-Identifier: Apache-2.0
//
// MonitorObject: what the objects `monitor-qmp` and `monitor-hmp` have in common: a chardev, whose clients
// they serve.
//
// Life: of an Object; from open() to its end it serves.
//
// Thread: main thread.  Source: QEMU 11.1's objects of these names.
#pragma once

#include "daemon/chardev/chardev.hpp"
#include "daemon/iothread/holder_token.hpp"
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/monitor/role.hpp"
#include "daemon/monitor/socket_access.hpp"
#include "daemon/qom/object.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace iothreadd {

class ChardevRegistry;
class IOThreadPool;
class ObjectTree;

/// What monitors are made of.
struct MonitorParts {
    ChardevRegistry &chardevs;
    IOThreadPool &iothreads;
    ObjectTree &tree;
    MonitorServer &server;
};

class MonitorObject : public Object {
public:
    /// What happens to the monitor when its last client has left.
    enum class CloseAction { none, delete_it };

    struct Common {
        std::string id;
        std::string chardev;
        CloseAction close_action = CloseAction::none;
        SocketAccess::Options socket{};
        std::vector<qapi::MonitorAllow> allow = allow_everybody();
    };

    const Common &common() const { return common_; }

    /// Errors: a client of its is the one that asks.
    Result<void> prepare_delete() override;

protected:
    MonitorObject(Common common, const MonitorParts &parts);
    /// Disconnects the clients, and gives chardev and event loop back.
    ~MonitorObject() override;

    const MonitorParts &parts() const { return parts_; }

    /// Begin to serve the clients of the chardev, where `token` says.
    /// Errors: there is no such chardev; it has a monitor already; those of Chardev::attach() and
    /// SocketAccess::change().
    Result<void> open(MonitorServer::Dialect dialect, HolderToken token, Echo echo);

private:
    Result<void> take_socket(Chardev &chardev);
    void give_socket_back(Chardev &chardev);
    bool serve(ChardevStream stream);
    void client_left();

    const Common common_;
    const MonitorParts parts_;
    // While it serves.
    Chardev *chardev_ = nullptr;
    std::optional<HolderToken> token_;
    std::optional<SocketAccess> access_; ///< to the chardev's socket, when it differs
    MonitorServer::Dialect dialect_;
    std::shared_ptr<std::size_t> clients_;
};

} // namespace iothreadd
