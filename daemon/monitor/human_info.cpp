// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/human_info.hpp"

#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/qapi_types.hpp"

#include "qapi/block_core_codec.hpp"
#include "qapi/block_core_commands.hpp"
#include "qapi/block_export_codec.hpp"
#include "qapi/block_export_commands.hpp"
#include "qapi/char_commands.hpp"
#include "qapi/control_commands.hpp"
#include "qapi/fds_codec.hpp"
#include "qapi/fds_commands.hpp"
#include "qapi/iothread_codec.hpp"
#include "qapi/iothread_commands.hpp"
#include "qapi/monitor_codec.hpp"
#include "qapi/monitor_commands.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace iothreadd {
namespace {

using Kind = qapi::IOThreadHolderKind;

/// A string as it is, anything else as JSON.
std::string plain_text(const Json &value) {
    if (value.is_string())
        return value.get<std::string>();
    std::string text;
    write_json(text, value);
    return text;
}

std::string holder_text(const qapi::Case<Kind::qom_object, qapi::IOThreadHolderQomObject> &holder) {
    return fmt::format("[qom-path: {}]", holder.qom_path);
}
std::string holder_text(const qapi::Case<Kind::block_node, qapi::IOThreadHolderBlockNode> &holder) {
    return fmt::format("[block-node: {}]", holder.node_name);
}
std::string holder_text(const qapi::Case<Kind::block_export, qapi::IOThreadHolderBlockExport> &holder) {
    return fmt::format("[block-export: {}]", holder.export_name);
}

/// All members of an answer, one in a line, in the notation of the command line: `cache.direct=false`.
void write_members(std::string &text, const Json &value, const std::string &key) {
    const bool is_list_of_objects = value.is_array() && !value.empty() && value.front().is_structured();
    if (value.is_object() || is_list_of_objects) {
        std::size_t index = 0;
        for (const auto &item : value.items()) {
            const std::string name = value.is_object() ? item.key() : std::to_string(index++);
            write_members(text, item.value(), key.empty() ? name : key + "." + name);
        }
        return;
    }
    text += fmt::format("  {}=", key);
    if (value.is_array()) {
        for (const Json &element : value)
            text += fmt::format("{}{}", &element == &value.front() ? "" : " ", plain_text(element));
    } else {
        text += plain_text(value);
    }
    text += '\n';
}

/// A list of things, each under its name, which is what `name` is called in it.
template <class T>
std::string list_text(const std::vector<T> &list, const char *name) {
    std::string text;
    for (const T &one : list) {
        Json members = qapi::encode(one);
        text += plain_text(members[name]) + ":\n";
        members.erase(name);
        write_members(text, members, "");
    }
    return text;
}

std::string holders_text(const std::vector<qapi::IOThreadHolder> &holders) {
    std::vector<std::string> texts;
    for (const qapi::IOThreadHolder &holder : holders)
        texts.push_back(std::visit([](const auto &kind) { return holder_text(kind); }, holder.u));
    return fmt::format("{}", fmt::join(texts, " "));
}

std::string stats_text(const qapi::IOThreadStats &stats) {
    Json members = qapi::encode(stats);
    members.erase("id");
    members.erase("thread-id");
    if (stats.holders.empty())
        members.erase("holders"); // that there are none has been said
    std::string text;
    write_members(text, members, "");
    return text;
}

} // namespace

Result<std::string> info_iothreads(QmpContext &context, bool verbose) {
    auto iothreads = qmp_query_iothreads(context);
    if (!iothreads)
        return iothreads.error();
    std::vector<qapi::IOThreadStats> stats;
    if (verbose) {
        auto asked = qmp_query_iothread_stats(context);
        if (!asked)
            return asked.error();
        stats = std::move(*asked);
    }
    std::string text;
    for (std::size_t i = 0; i < iothreads->size(); ++i) {
        const qapi::IOThreadInfo &info = (*iothreads)[i];
        text += fmt::format("{}:\n  thread_id={}\n  holders={}\n", info.id, info.thread_id,
                            holders_text(info.holders));
        text += fmt::format("  poll-max-ns={}\n  poll-grow={}\n  poll-shrink={}\n  poll-weight={}\n",
                            info.poll_max_ns, info.poll_grow, info.poll_shrink, info.poll_weight);
        text += fmt::format("  poll-policy={}\n  poll-latency-weight={}\n  aio-max-batch={}\n",
                            to_string(info.poll_policy), info.poll_latency_weight, info.aio_max_batch);
        if (i < stats.size())
            text += stats_text(stats[i]);
    }
    return text;
}

Result<std::string> info_block(QmpContext &context) {
    auto nodes = qmp_query_named_block_nodes(context, {});
    if (!nodes)
        return nodes.error();
    std::string text;
    for (const qapi::BlockDeviceInfo &node : *nodes) {
        text +=
            fmt::format("{}: {} ({}{})\n", node.node_name, node.file, node.drv, node.ro ? ", read-only" : "");
        write_members(text, qapi::encode(node), "");
    }
    return text;
}

Result<std::string> info_block_exports(QmpContext &context) {
    auto exports = qmp_query_block_exports(context);
    if (!exports)
        return exports.error();
    return list_text(*exports, "id");
}

Result<std::string> info_chardev(QmpContext &context) {
    auto chardevs = qmp_query_chardev(context);
    if (!chardevs)
        return chardevs.error();
    std::string text;
    for (const qapi::ChardevInfo &info : *chardevs)
        text +=
            fmt::format("{}: filename={} frontend-open={}\n", info.label, info.filename, info.frontend_open);
    return text;
}

Result<std::string> info_clients(QmpContext &context) {
    auto clients = qmp_query_clients(context);
    if (!clients)
        return clients.error();
    return list_text(*clients, "id");
}

Result<std::string> info_fdsets(QmpContext &context) {
    auto sets = qmp_query_fdsets(context);
    if (!sets)
        return sets.error();
    return list_text(*sets, "fdset-id");
}

Result<std::string> info_nbd_server(QmpContext &context) {
    auto server = qmp_query_nbd_server(context);
    if (!server)
        return server.error();
    std::string text;
    write_members(text, qapi::encode(*server), "");
    return text;
}

Result<std::string> info_version(QmpContext &context) {
    auto version = qmp_query_version(context);
    if (!version)
        return version.error();
    const qapi::VersionTriple &qemu = version->qemu;
    return fmt::format("{}.{}.{} ({})\n", qemu.major_, qemu.minor_, qemu.micro, version->package);
}

} // namespace iothreadd
