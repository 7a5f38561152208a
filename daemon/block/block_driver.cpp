// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/block_driver.hpp"

#include "daemon/block/file_driver.hpp"
#include "daemon/block/null_driver.hpp"
#include "qapi/block_core_types.hpp"

namespace iothreadd {
namespace {

/// One function per driver; a driver of the schema without one does not compile.
class Drivers {
public:
    using Node = Result<std::unique_ptr<BlockNode>>;

    Drivers(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info, const qapi::BlockdevOptions &common)
        : iothreads_(iothreads), fds_(fds), info_(std::move(info)), common_(common) {}

    Node operator()(const qapi::BlockdevOptionsFile &options) {
        return open_file_node(iothreads_, fds_, std::move(info_), common_, options);
    }
    Node operator()(const qapi::BlockdevOptionsNull &options) {
        return open_null_node(iothreads_, std::move(info_), options);
    }

private:
    IOThreadPool &iothreads_;
    FdStore &fds_;
    BlockNodeInfo info_;
    const qapi::BlockdevOptions &common_;
};

} // namespace

Result<std::unique_ptr<BlockNode>> open_block_node(IOThreadPool &iothreads, FdStore &fds,
                                                   const qapi::BlockdevOptions &options) {
    const qapi::BlockdevCacheOptions cache = options.cache.value_or(qapi::BlockdevCacheOptions{});
    BlockNodeInfo info{.name = options.node_name.value(),
                       .driver = qapi::to_string(options.driver()),
                       .filename = {},
                       .read_only = options.read_only.value_or(false),
                       .cache_direct = cache.direct.value_or(false),
                       .cache_no_flush = cache.no_flush.value_or(false)};
    return std::visit(Drivers(iothreads, fds, std::move(info), options), options.u);
}

} // namespace iothreadd
