// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/qmp_monitor.hpp"

#include "daemon/chardev/chardev_registry.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/thread.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/monitor_types.hpp"
#include "qapi/qom_types.hpp"

#include <utility>

namespace iothreadd {
namespace {

constexpr char kType[] = "monitor-qmp";

const QmpMonitor &monitor(const Object &object) { return static_cast<const QmpMonitor &>(object); }

QmpStyle style(std::optional<bool> pretty) {
    return pretty.value_or(false) ? QmpStyle::pretty : QmpStyle::compact;
}

} // namespace

QmpMonitor::QmpMonitor(Options options, const MonitorParts &parts)
    : Object(options.id), options_(std::move(options)), parts_(parts) {}

QmpMonitor::~QmpMonitor() {
    assert_main_thread();
    if (chardev_ == nullptr)
        return;
    chardev_->detach();
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
    const MonitorServer::Monitor served{.name = id(), .style = options_.style, .home = token.context()};
    const auto serve = [this, served](ChardevStream stream) {
        parts_.server.serve(served, std::move(stream));
    };
    if (auto attached = chardev->attach(serve, Echo::by_terminal); !attached)
        return attached;
    token_.emplace(std::move(token));
    chardev_ = chardev;
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
    type.properties.push_back(string_property(
        "iothread", [](const Object &object) { return monitor(object).options().iothread.value_or(""); }));
    type.properties.push_back({.name = "pretty", .type = "bool", .get = [](const Object &object) {
                                   return Json(monitor(object).options().style == QmpStyle::pretty);
                               }});
    tree.register_type(
        std::move(type), [parts](const qapi::ObjectOptions &options) -> Result<std::unique_ptr<Object>> {
            using Given = qapi::Case<qapi::ObjectType::monitor_qmp, qapi::MonitorQmpProperties>;
            const qapi::MonitorQmpProperties &given = std::get<Given>(options.u);
            std::unique_ptr<Object> made =
                std::make_unique<QmpMonitor>(QmpMonitor::Options{.id = options.id,
                                                                 .chardev = given.chardev,
                                                                 .iothread = given.iothread,
                                                                 .style = style(given.pretty)},
                                             parts);
            return made;
        });
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
