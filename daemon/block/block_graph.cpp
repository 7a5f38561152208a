// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/block_graph.hpp"

#include "daemon/block/block_driver.hpp"
#include "daemon/block/block_node.hpp"
#include "daemon/util/identifier.hpp"
#include "daemon/util/thread.hpp"
#include "qapi/block_core_types.hpp"

#include <algorithm>

namespace iothreadd {
namespace {

auto named(std::string_view name) {
    return [name](const std::unique_ptr<BlockNode> &node) { return node->name() == name; };
}

} // namespace

BlockGraph::BlockGraph(IOThreadPool &iothreads, FdStore &fds) : iothreads_(iothreads), fds_(fds) {}

BlockGraph::~BlockGraph() { assert_main_thread(); }

BlockNode *BlockGraph::find(std::string_view name) const {
    assert_main_thread();
    const auto found = std::find_if(nodes_.begin(), nodes_.end(), named(name));
    return found == nodes_.end() ? nullptr : found->get();
}

Result<void> BlockGraph::check_name(std::string_view name) const {
    if (!is_identifier(name))
        return generic_error("Invalid node-name: '{}'", name);
    if (find(name) != nullptr)
        return generic_error("Duplicate nodes with node-name='{}'", name);
    if (name.size() > kNodeNameMax)
        return generic_error("Node name too long");
    return {};
}

boost::asio::awaitable<Result<void>> BlockGraph::add(qapi::BlockdevOptions options) {
    assert_main_thread();
    if (!options.node_name)
        co_return generic_error("'node-name' must be specified for the root node");
    if (Result<void> checked = check_name(*options.node_name); !checked)
        co_return checked;
    auto opening = open_block_node(iothreads_, fds_, options);
    Result<std::unique_ptr<BlockNode>> node = co_await std::move(opening);
    if (!node)
        co_return std::move(node).error();
    if (Result<void> checked = check_name(*options.node_name);
        !checked) // once more: it may have taken a while
        co_return checked;
    nodes_.push_back(std::move(*node));
    co_return Result<void>{};
}

Result<void> BlockGraph::del(std::string_view name) {
    assert_main_thread();
    const auto found = std::find_if(nodes_.begin(), nodes_.end(), named(name));
    if (found == nodes_.end())
        return generic_error("Failed to find node with node-name='{}'", name);
    if ((*found)->has_users() || (*found)->moving())
        return generic_error("Node {} is in use", name);
    nodes_.erase(found);
    return {};
}

} // namespace iothreadd
