// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/monitor_object.hpp"

#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/thread.hpp"
#include "daemon/util/unix_listener.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace iothreadd {

MonitorObject::MonitorObject(Common common, const MonitorParts &parts)
    : Object(common.id), common_(std::move(common)), parts_(parts) {}

MonitorObject::~MonitorObject() {
    assert_main_thread();
    if (chardev_ == nullptr)
        return;
    parts_.server.close_monitor(id());
    chardev_->detach();
    give_socket_back(*chardev_);
}

Result<void> MonitorObject::open(MonitorServer::Dialect dialect, HolderToken token, Echo echo) {
    assert_main_thread();
    Chardev *const chardev = parts_.chardevs.find(common_.chardev);
    if (chardev == nullptr)
        return generic_error("chardev \"{}\" not found", common_.chardev);
    if (auto taken = take_socket(*chardev); !taken)
        return taken;
    dialect_ = dialect;
    token_.emplace(std::move(token));
    clients_ = std::make_shared<std::size_t>(0);
    auto attached = chardev->attach([this](ChardevStream stream) { return serve(std::move(stream)); }, echo);
    if (attached) {
        chardev_ = chardev;
    } else {
        token_.reset();
        give_socket_back(*chardev);
    }
    return attached;
}

/// Change who can connect, before anybody is served.
Result<void> MonitorObject::take_socket(Chardev &chardev) {
    if (!common_.socket.any() || chardev.attached())
        return {}; // an attached one is another monitor's, and attach() says so
    const UnixSocketFile *const file = chardev.socket_file();
    if (file == nullptr)
        return generic_error("chardev '{}' has no socket file to set mode, owner or group of", chardev.id());
    auto access = SocketAccess::change(*file, common_.socket);
    if (!access)
        return access.error();
    access_.emplace(*std::move(access));
    return {};
}

/// Who can connect is as it was before; who waits might not be let in by the next monitor.
void MonitorObject::give_socket_back(Chardev &chardev) {
    if (!access_)
        return;
    access_.reset();
    chardev.turn_away_waiting();
}

bool MonitorObject::serve(ChardevStream stream) {
    const auto served = std::make_shared<bool>(false); // whoever is refused was no client
    stream.ended = [this, served, chardev_ended = std::move(stream.ended),
                    clients = std::weak_ptr{clients_}] {
        chardev_ended();
        if (!clients.expired() && *served)
            client_left();
    };
    const MonitorServer::Monitor monitor{
        .name = id(), .dialect = dialect_, .home = token_->home(), .allow = common_.allow};
    *served = parts_.server.serve(monitor, std::move(stream));
    if (*served)
        ++*clients_;
    return *served;
}

/// Lifetime: the object may be gone after this.
void MonitorObject::client_left() {
    if (--*clients_ > 0 || common_.close_action == CloseAction::none)
        return;
    if (auto removed = parts_.tree.remove(id()); !removed)
        spdlog::warn("monitor '{}': {}", id(), removed.error().desc);
}

Result<void> MonitorObject::prepare_delete() {
    if (parts_.server.asking_monitor() == id())
        return generic_error("Cannot delete the current {}monitor",
                             std::holds_alternative<QmpStyle>(dialect_) ? "QMP " : "");
    return {};
}

} // namespace iothreadd
