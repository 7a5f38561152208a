// SPDX-License-Identifier: Apache-2.0
//
// The commands about block nodes: blockdev-add, blockdev-del, query-named-block-nodes,
// x-blockdev-set-iothread.
//
// Thread: main thread.
#include "daemon/block/block_graph.hpp"
#include "daemon/block/block_node.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/await_callback.hpp"
#include "daemon/util/qmp_context.hpp"
#include "qapi/block_core_commands.hpp"

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <ranges>

namespace iothreadd {
namespace {

qapi::BlockLimitsInfo describe(const BlockLimits &limits) {
    return {.request_alignment = limits.request_alignment,
            .min_mem_alignment = limits.min_mem_alignment,
            .opt_mem_alignment = limits.opt_mem_alignment,
            .max_iov = limits.max_iov};
}

qapi::ImageInfo describe_image(const BlockNode &node) {
    const BlockNodeInfo &info = node.info();
    qapi::ImageInfo image;
    image.filename = info.filename;
    image.format = info.driver;
    image.virtual_size = static_cast<std::int64_t>(info.size_bytes);
    image.actual_size = static_cast<std::int64_t>(node.allocated_bytes());
    image.dirty_flag = false;
    image.limits = describe(info.limits);
    if (info.driver == qapi::to_string(qapi::BlockdevDriver::file))
        image.format_specific.emplace();
    return image;
}

qapi::BlockDeviceInfo describe(const BlockNode &node) {
    const BlockNodeInfo &info = node.info();
    qapi::BlockDeviceInfo device;
    device.file = info.filename;
    device.node_name = info.name;
    device.ro = info.read_only;
    device.drv = info.driver;
    device.active = true;
    device.image = describe_image(node);
    device.cache = {.writeback = true, .direct = info.cache_direct, .no_flush = info.cache_no_flush};
    return device;
}

/// What stands against moving `node` to `target` (null: the main loop).
Result<void> check_move(const BlockNode &node, const IOThread *target) {
    if (node.moving())
        return generic_error("Node '{}' is moving to another iothread", node.name());
    if (node.home() != target && node.home_is_fixed())
        return generic_error("Cannot change iothread of active block backend");
    return {};
}

} // namespace

Awaitable<Result<void>> qmp_blockdev_add(QmpContext &context, const qapi::BlockdevOptions &args) {
    return context.graph.add(args);
}

Result<void> qmp_blockdev_del(QmpContext &context, const qapi::BlockdevDelArgs &args) {
    return context.graph.del(args.node_name);
}

Result<std::vector<qapi::BlockDeviceInfo>>
qmp_query_named_block_nodes(QmpContext &context, const qapi::QueryNamedBlockNodesArgs &) {
    std::vector<qapi::BlockDeviceInfo> devices;
    for (const std::unique_ptr<BlockNode> &node : context.graph.nodes() | std::views::reverse) // newest first
        devices.push_back(describe(*node));
    return devices;
}

Awaitable<Result<void>> qmp_x_blockdev_set_iothread(QmpContext &context,
                                                    const qapi::XBlockdevSetIothreadArgs &args) {
    BlockNode *node = context.graph.find(args.node_name);
    if (node == nullptr)
        co_return generic_error("Failed to find node with node-name='{}'", args.node_name);
    if (node->has_users() && !args.force.value_or(false))
        co_return generic_error(
            "Node {} is associated with a BlockBackend and could be in use (use force=true to "
            "override this check)",
            args.node_name);
    IOThread *target = nullptr;
    if (const auto *name = std::get_if<std::string>(&args.iothread.u)) {
        target = context.iothreads.find(*name);
        if (target == nullptr)
            co_return generic_error("Cannot find iothread {}", *name);
    }
    if (Result<void> checked = check_move(*node, target); !checked)
        co_return checked;
    if (target == node->home())
        co_return Result<void>{};

    Holder holder = Holder::block_node(node->name());
    HolderToken token =
        target ? target->hold(std::move(holder)) : context.iothreads.hold_main(std::move(holder));
    auto start = [node, &token](auto done) { node->move_home(std::move(token), std::move(done)); };
    co_await await_callback(start);
    co_return Result<void>{};
}

} // namespace iothreadd
