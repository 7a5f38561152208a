// SPDX-License-Identifier: Apache-2.0
//
// The commands about the conversation and the server itself.
#include "daemon/monitor/monitor_server.hpp"
#include "daemon/monitor/qmp_client.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "protocol/qmp/json.hpp"

#include "qapi/control_commands.hpp"
#include "qapi/introspect_commands.hpp"

#include <cassert>

namespace iothreadd {

Result<void> qmp_qmp_capabilities(QmpContext &context, const qapi::QmpCapabilitiesArgs &args) {
    assert(context.client != nullptr);
    std::vector<std::string_view> names;
    for (const qapi::QMPCapability capability : args.enable.value_or(std::vector<qapi::QMPCapability>{}))
        names.push_back(to_string(capability));
    return context.client->enable(names);
}

Result<qapi::VersionInfo> qmp_query_version(QmpContext &) {
    const QmpVersion version;
    qapi::VersionInfo info;
    info.qemu.major_ = version.major;
    info.qemu.minor_ = version.minor;
    info.qemu.micro = version.micro;
    info.package = version.package;
    return info;
}

Result<std::vector<qapi::CommandInfo>> qmp_query_commands(QmpContext &context) {
    std::vector<qapi::CommandInfo> list;
    for (const CommandInfo &command : context.monitors.api().commands)
        list.push_back({.name = std::string(command.name)});
    return list;
}

Result<QmpReply> qmp_query_qmp_schema(QmpContext &context, const Json &) {
    return QmpReply{SerialisedJson{context.monitors.api().introspection}};
}

Result<void> qmp_quit(QmpContext &context) {
    context.shutdown.request(kShutdownByQuit);
    return {};
}

} // namespace iothreadd
