// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_info.hpp"

#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/qapi_types.hpp"

#include "qapi/block_core_commands.hpp"
#include "qapi/block_export_commands.hpp"
#include "qapi/control_commands.hpp"
#include "qapi/iothread_commands.hpp"
#include "qapi/monitor_commands.hpp"
#include "qapi/sockets_codec.hpp"

#include <fmt/format.h>

namespace iothreadd {
namespace {

using Kind = qapi::IOThreadHolderKind;

std::string holder_text(const qapi::Case<Kind::qom_object, qapi::IOThreadHolderQomObject> &holder) {
    return fmt::format("[qom-path: {}]", holder.qom_path);
}
std::string holder_text(const qapi::Case<Kind::block_node, qapi::IOThreadHolderBlockNode> &holder) {
    return fmt::format("[block-node: {}]", holder.node_name);
}
std::string holder_text(const qapi::Case<Kind::block_export, qapi::IOThreadHolderBlockExport> &holder) {
    return fmt::format("[block-export: {}]", holder.export_name);
}

std::string holders_text(const std::vector<qapi::IOThreadHolder> &holders) {
    std::vector<std::string> texts;
    for (const qapi::IOThreadHolder &holder : holders)
        texts.push_back(std::visit([](const auto &kind) { return holder_text(kind); }, holder.u));
    return fmt::format("{}", fmt::join(texts, " "));
}

} // namespace

Result<std::string> info_iothreads(QmpContext &context) {
    auto iothreads = qmp_query_iothreads(context);
    if (!iothreads)
        return iothreads.error();
    std::string text;
    for (const qapi::IOThreadInfo &info : *iothreads) {
        text += fmt::format("{}:\n  thread_id={}\n  holders={}\n", info.id, info.thread_id,
                            holders_text(info.holders));
        text += fmt::format("  poll-max-ns={}\n  poll-grow={}\n  poll-shrink={}\n  poll-weight={}\n",
                            info.poll_max_ns, info.poll_grow, info.poll_shrink, info.poll_weight);
        text += fmt::format("  aio-max-batch={}\n", info.aio_max_batch);
    }
    return text;
}

Result<std::string> info_block(QmpContext &context) {
    auto nodes = qmp_query_named_block_nodes(context, {});
    if (!nodes)
        return nodes.error();
    std::string text;
    for (const qapi::BlockDeviceInfo &node : *nodes) {
        if (!text.empty())
            text += '\n';
        text +=
            fmt::format("{}: {} ({}{})\n", node.node_name, node.file, node.drv, node.ro ? ", read-only" : "");
        text +=
            fmt::format("    Cache mode:       {}{}{}\n", node.cache.writeback ? "writeback" : "writethrough",
                        node.cache.direct ? ", direct" : "", node.cache.no_flush ? ", ignore flushes" : "");
    }
    return text;
}

Result<std::string> info_block_exports(QmpContext &context) {
    auto exports = qmp_query_block_exports(context);
    if (!exports)
        return exports.error();
    std::string text;
    for (const qapi::BlockExportInfo &info : *exports) {
        text += fmt::format("{}:\n  type={}\n  node-name={}\n  shutting-down={}\n", info.id,
                            to_string(info.type), info.node_name, info.shutting_down);
        if (info.iothreads)
            text += fmt::format("  iothreads={}\n", fmt::join(*info.iothreads, " "));
        if (info.connections)
            text += fmt::format("  connections={}\n", *info.connections);
    }
    return text;
}

Result<std::string> info_clients(QmpContext &context) {
    auto clients = qmp_query_clients(context);
    if (!clients)
        return clients.error();
    std::string text;
    for (const qapi::ClientInfo &info : *clients) {
        text += fmt::format("client {}{}:\n  monitor={}\n  role={}\n", info.id,
                            info.self ? " (this one)" : "", info.monitor, to_string(info.role));
        if (info.pid)
            text += fmt::format("  pid={}\n", *info.pid);
        if (info.uid)
            text += fmt::format("  uid={}\n  gid={}\n", *info.uid, *info.gid);
        text += fmt::format(
            "  commands={}\n  bytes-in={}\n  bytes-out={}\n  queued-bytes={}\n  events-dropped={}\n",
            info.commands, info.bytes_in, info.bytes_out, info.queued_bytes, info.events_dropped);
    }
    return text;
}

Result<std::string> info_nbd_server(QmpContext &context) {
    auto server = qmp_query_nbd_server(context);
    if (!server)
        return server.error();
    if (!server->running)
        return std::string{"The NBD server is not running\n"};
    std::string text;
    for (const qapi::SocketAddress &address : server->addresses) {
        text += "address=";
        write_json(text, qapi::encode(address));
        text += '\n';
    }
    return text +
           fmt::format("connections={}\nmax-connections={}\n", server->connections, server->max_connections);
}

Result<std::string> info_version(QmpContext &context) {
    auto version = qmp_query_version(context);
    if (!version)
        return version.error();
    const qapi::VersionTriple &qemu = version->qemu;
    return fmt::format("{}.{}.{} ({})\n", qemu.major_, qemu.minor_, qemu.micro, version->package);
}

} // namespace iothreadd
