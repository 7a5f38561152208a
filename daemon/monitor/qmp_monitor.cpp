// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_monitor.hpp"

#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/thread.hpp"
#include "daemon/util/unix_listener.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/monitor_codec.hpp"
#include "qapi/qom_types.hpp"

#include <utility>

namespace iothreadd {
namespace {

constexpr char kType[] = "monitor-qmp";

const QmpMonitor &monitor(const Object &object) { return static_cast<const QmpMonitor &>(object); }

QmpStyle style(std::optional<bool> pretty) {
    return pretty.value_or(false) ? QmpStyle::pretty : QmpStyle::compact;
}

using Given = std::optional<std::string>;

/// A string that may not have been given; then it is empty.
Property given_property(std::string name, Given QmpMonitor::Options::*member) {
    return string_property(std::move(name), [member](const Object &object) {
        return (monitor(object).options().*member).value_or("");
    });
}

Property socket_property(std::string name, Given SocketAccess::Options::*member) {
    return string_property(std::move(name), [member](const Object &object) {
        return (monitor(object).options().socket.*member).value_or("");
    });
}

Json allow_list(const Object &object) {
    Json list = Json::array();
    for (const qapi::MonitorAllow &entry : monitor(object).options().allow)
        list.push_back(qapi::encode(entry));
    return list;
}

Result<std::unique_ptr<Object>> make_monitor(const qapi::ObjectOptions &options, const MonitorParts &parts) {
    using Properties = qapi::Case<qapi::ObjectType::monitor_qmp, qapi::MonitorQmpProperties>;
    const qapi::MonitorQmpProperties &given = std::get<Properties>(options.u);
    if (given.allow && given.allow->size() > kMaxAllowEntries)
        return generic_error("Parameter 'allow' can have at most {} entries", kMaxAllowEntries);
    return std::make_unique<QmpMonitor>(
        QmpMonitor::Options{.id = options.id,
                            .chardev = given.chardev,
                            .iothread = given.iothread,
                            .style = style(given.pretty),
                            .socket = {.mode = given.mode, .owner = given.owner, .group = given.group},
                            .allow = given.allow.value_or(allow_everybody())},
        parts);
}

} // namespace

QmpMonitor::QmpMonitor(Options options, const MonitorParts &parts)
    : Object(options.id), options_(std::move(options)), parts_(parts) {}

QmpMonitor::~QmpMonitor() {
    assert_main_thread();
    if (chardev_ == nullptr)
        return;
    chardev_->detach();
    if (access_) {
        access_.reset();
        chardev_->turn_away_waiting(); // they might not be let in by the next monitor
    }
    parts_.server.close_monitor(id());
}

Result<void> QmpMonitor::complete() {
    assert_main_thread();
    Chardev *chardev = parts_.chardevs.find(options_.chardev);
    if (chardev == nullptr)
        return generic_error("chardev \"{}\" not found", options_.chardev);
    IOThread *iothread = options_.iothread ? parts_.iothreads.find(*options_.iothread) : nullptr;
    if (options_.iothread && iothread == nullptr)
        return generic_error("iothread \"{}\" not found", *options_.iothread);

    const Holder holder = Holder::qom_object(path());
    HolderToken token = iothread != nullptr ? iothread->hold(holder) : parts_.iothreads.hold_main(holder);
    const MonitorServer::Monitor served{
        .name = id(), .style = options_.style, .home = token.context(), .allow = options_.allow};
    const auto serve = [this, served](ChardevStream stream) {
        parts_.server.serve(served, std::move(stream));
    };
    if (auto taken = take_socket(*chardev); !taken)
        return taken;
    if (auto attached = chardev->attach(serve, Echo::by_terminal); !attached)
        return attached;
    token_.emplace(std::move(token));
    chardev_ = chardev;
    return {};
}

/// Change who can connect, before anybody is served.
Result<void> QmpMonitor::take_socket(Chardev &chardev) {
    if (!options_.socket.any() || chardev.attached())
        return {}; // an attached one is another monitor's, and attach() says so
    const UnixSocketFile *file = chardev.socket_file();
    if (file == nullptr)
        return generic_error("chardev '{}' has no socket file to set mode, owner or group of", chardev.id());
    auto access = SocketAccess::change(*file, options_.socket);
    if (!access)
        return access.error();
    access_.emplace(*std::move(access));
    return {};
}

Result<void> QmpMonitor::prepare_delete() {
    if (parts_.server.asking_monitor() == id())
        return generic_error("Cannot delete the current QMP monitor");
    return {};
}

void register_monitor_types(ObjectTree &tree, const MonitorParts &parts) {
    ObjectType type{.name = kType, .parent = "object", .interfaces = {"user-creatable"}};
    type.properties.push_back(
        string_property("chardev", [](const Object &object) { return monitor(object).options().chardev; }));
    type.properties.push_back(given_property("iothread", &QmpMonitor::Options::iothread));
    type.properties.push_back({.name = "pretty", .type = "bool", .get = [](const Object &object) {
                                   return Json(monitor(object).options().style == QmpStyle::pretty);
                               }});
    type.properties.push_back(socket_property("mode", &SocketAccess::Options::mode));
    type.properties.push_back(socket_property("owner", &SocketAccess::Options::owner));
    type.properties.push_back(socket_property("group", &SocketAccess::Options::group));
    type.properties.push_back({.name = "allow", .type = "[MonitorAllow]", .get = allow_list});
    tree.register_type(std::move(type),
                       [parts](const qapi::ObjectOptions &options) { return make_monitor(options, parts); });
}

Result<void> add_monitor(ObjectTree &tree, const qapi::MonitorOptions &options) {
    assert_main_thread();
    if (options.mode.value_or(qapi::MonitorMode::control) != qapi::MonitorMode::control)
        return generic_error("Only QMP is supported");
    qapi::ObjectOptions object;
    for (int number = 0; object.id.empty(); ++number) {
        const std::string made_up = fmt::format("compat_monitor{}", number);
        if (options.id || tree.objects().find_child(made_up) == nullptr)
            object.id = options.id.value_or(made_up);
    }
    using Properties = qapi::Case<qapi::ObjectType::monitor_qmp, qapi::MonitorQmpProperties>;
    auto &properties = object.u.emplace<Properties>();
    properties.chardev = options.chardev;
    properties.iothread = options.iothread;
    properties.pretty = options.pretty;
    return tree.create(kType, object.id, object);
}

} // namespace iothreadd
