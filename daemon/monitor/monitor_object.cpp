// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/monitor_object.hpp"

#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/thread.hpp"

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
}

Result<void> MonitorObject::open(MonitorServer::Dialect dialect, HolderToken token, Echo echo) {
    assert_main_thread();
    Chardev *const chardev = parts_.chardevs.find(common_.chardev);
    if (chardev == nullptr)
        return generic_error("chardev \"{}\" not found", common_.chardev);
    dialect_ = dialect;
    token_.emplace(std::move(token));
    clients_ = std::make_shared<std::size_t>(0);
    auto attached = chardev->attach([this](ChardevStream stream) { serve(std::move(stream)); }, echo);
    if (attached)
        chardev_ = chardev;
    else
        token_.reset();
    return attached;
}

void MonitorObject::serve(ChardevStream stream) {
    ++*clients_;
    stream.ended = [this, chardev_ended = std::move(stream.ended), clients = std::weak_ptr{clients_}] {
        chardev_ended();
        if (!clients.expired())
            client_left();
    };
    parts_.server.serve({.name = id(), .dialect = dialect_, .home = token_->context()}, std::move(stream));
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
