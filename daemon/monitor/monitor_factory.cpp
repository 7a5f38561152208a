// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/monitor_factory.hpp"

#include "daemon/monitor/hmp_monitor.hpp"
#include "daemon/monitor/qmp_monitor.hpp"
#include "daemon/qom/object_tree.hpp"
#include "daemon/util/thread.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/monitor_codec.hpp"
#include "qapi/qom_types.hpp"

#include <utility>

namespace iothreadd {
namespace {

constexpr char kQmpType[] = "monitor-qmp";
constexpr char kHmpType[] = "monitor-hmp";

const MonitorObject &monitor(const Object &object) { return static_cast<const MonitorObject &>(object); }
const QmpMonitor &qmp_monitor(const Object &object) { return static_cast<const QmpMonitor &>(object); }
const HmpMonitor &hmp_monitor(const Object &object) { return static_cast<const HmpMonitor &>(object); }

QmpStyle style(std::optional<bool> pretty) {
    return pretty.value_or(false) ? QmpStyle::pretty : QmpStyle::compact;
}

std::string close_action(const Object &object) {
    const bool deletes = monitor(object).common().close_action == MonitorObject::CloseAction::delete_it;
    return std::string(
        to_string(deletes ? qapi::MonitorCloseAction::delete_ : qapi::MonitorCloseAction::none));
}

/// A property of the socket that may not have been given; then it is empty.
Property socket_property(std::string name, std::optional<std::string> SocketAccess::Options::*member) {
    return string_property(std::move(name), [member](const Object &object) {
        return (monitor(object).common().socket.*member).value_or("");
    });
}

Json allow_list(const Object &object) {
    Json list = Json::array();
    for (const qapi::MonitorAllow &entry : monitor(object).common().allow)
        list.push_back(qapi::encode(entry));
    return list;
}

/// What both kinds of properties have.
template <class Properties>
MonitorObject::Common common(const std::string &id, const Properties &given) {
    const bool deletes = given.close_action == qapi::MonitorCloseAction::delete_;
    return {.id = id,
            .chardev = given.chardev,
            .close_action =
                deletes ? MonitorObject::CloseAction::delete_it : MonitorObject::CloseAction::none};
}

ObjectType monitor_type(const char *name) {
    ObjectType type{.name = name, .parent = "object", .interfaces = {"user-creatable"}};
    type.properties.push_back(
        string_property("chardev", [](const Object &object) { return monitor(object).common().chardev; }));
    type.properties.push_back(string_property("close-action", close_action));
    return type;
}

void register_qmp_monitor(const MonitorParts &parts) {
    ObjectType type = monitor_type(kQmpType);
    type.properties.push_back(string_property("iothread", [](const Object &object) {
        return qmp_monitor(object).options().iothread.value_or("");
    }));
    type.properties.push_back({.name = "pretty", .type = "bool", .get = [](const Object &object) {
                                   return Json(qmp_monitor(object).options().style == QmpStyle::pretty);
                               }});
    type.properties.push_back(socket_property("mode", &SocketAccess::Options::mode));
    type.properties.push_back(socket_property("owner", &SocketAccess::Options::owner));
    type.properties.push_back(socket_property("group", &SocketAccess::Options::group));
    type.properties.push_back({.name = "allow", .type = "[MonitorAllow]", .get = allow_list});
    parts.tree.register_type(
        std::move(type), [parts](const qapi::ObjectOptions &options) -> Result<std::unique_ptr<Object>> {
            const auto &given = std::get<static_cast<std::size_t>(qapi::ObjectType::monitor_qmp)>(options.u);
            if (given.allow && given.allow->size() > kMaxAllowEntries)
                return generic_error("Parameter 'allow' can have at most {} entries", kMaxAllowEntries);
            MonitorObject::Common all = common(options.id, given);
            all.socket = {.mode = given.mode, .owner = given.owner, .group = given.group};
            all.allow = given.allow.value_or(allow_everybody());
            return std::make_unique<QmpMonitor>(
                std::move(all), QmpMonitor::Options{.iothread = given.iothread, .style = style(given.pretty)},
                parts);
        });
}

void register_hmp_monitor(const MonitorParts &parts) {
    ObjectType type = monitor_type(kHmpType);
    type.properties.push_back({.name = "readline", .type = "bool", .get = [](const Object &object) {
                                   return Json(hmp_monitor(object).readline());
                               }});
    parts.tree.register_type(
        std::move(type), [parts](const qapi::ObjectOptions &options) -> Result<std::unique_ptr<Object>> {
            const auto &given = std::get<static_cast<std::size_t>(qapi::ObjectType::monitor_hmp)>(options.u);
            return std::make_unique<HmpMonitor>(common(options.id, given), given.readline.value_or(true),
                                                parts);
        });
}

} // namespace

void register_monitor_types(const MonitorParts &parts) {
    register_qmp_monitor(parts);
    register_hmp_monitor(parts);
}

std::string free_monitor_id(const ObjectTree &tree) {
    for (int number = 0;; ++number) {
        std::string id = fmt::format("compat_monitor{}", number);
        if (tree.objects().find_child(id) == nullptr)
            return id;
    }
}

Result<void> add_monitor(ObjectTree &tree, const qapi::MonitorOptions &options) {
    assert_main_thread();
    qapi::ObjectOptions object;
    object.id = options.id ? *options.id : free_monitor_id(tree);
    if (options.mode.value_or(qapi::MonitorMode::control) == qapi::MonitorMode::readline) {
        if (options.pretty || options.iothread)
            return generic_error("'pretty' and 'iothread' are not for a human monitor");
        object.u.emplace<static_cast<std::size_t>(qapi::ObjectType::monitor_hmp)>().chardev = options.chardev;
        return tree.create(kHmpType, object.id, object);
    }
    auto &properties = object.u.emplace<static_cast<std::size_t>(qapi::ObjectType::monitor_qmp)>();
    properties.chardev = options.chardev;
    properties.iothread = options.iothread;
    properties.pretty = options.pretty;
    return tree.create(kQmpType, object.id, object);
}

} // namespace iothreadd
