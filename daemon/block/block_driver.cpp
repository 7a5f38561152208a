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
    Drivers(IOThreadPool &iothreads, FdStore &fds, BlockNodeInfo info, const qapi::BlockdevOptions &common)
        : iothreads_(iothreads), fds_(fds), info_(std::move(info)), common_(common) {}

    OpeningNode operator()(const qapi::BlockdevOptionsFile &options) {
        return open_file_node(iothreads_, fds_, std::move(info_), common_, options);
    }
    OpeningNode operator()(const qapi::BlockdevOptionsNull &options) {
        co_return open_null_node(iothreads_, std::move(info_), options);
    }

private:
    IOThreadPool &iothreads_;
    FdStore &fds_;
    BlockNodeInfo info_;
    const qapi::BlockdevOptions &common_;
};

} // namespace

OpeningNode open_block_node(IOThreadPool &iothreads, FdStore &fds, const qapi::BlockdevOptions &options) {
    const qapi::BlockdevCacheOptions cache = options.cache.value_or(qapi::BlockdevCacheOptions{});
    BlockNodeInfo info{.name = options.node_name.value(),
                       .driver = qapi::to_string(options.driver()),
                       .filename = {},
                       .read_only = options.read_only.value_or(false),
                       .cache_direct = cache.direct.value_or(false),
                       .cache_no_flush = cache.no_flush.value_or(false)};
    Drivers drivers(iothreads, fds, std::move(info), options);
    auto opening = std::visit(drivers, options.u);
    co_return co_await std::move(opening);
}

} // namespace iothreadd
