// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/null_driver.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/aio_timer.hpp"
#include "daemon/block/iov.hpp"
#include "qapi/block_core_types.hpp"

#include <cassert>
#include <memory>

namespace iothreadd {
namespace {

constexpr std::int64_t kDefaultSizeBytes = std::int64_t{1} << 30;

/// How a person finds the node again: the options that make a difference to what is read.
std::string filename_of(const qapi::BlockdevOptionsNull &options) {
    if (!options.size && !options.read_zeroes)
        return "null-co://";
    std::string json = R"(json:{"driver": "null-co")";
    if (options.size)
        json += fmt::format(R"(, "size": {})", *options.size);
    if (options.read_zeroes)
        json += fmt::format(R"(, "read-zeroes": {})", *options.read_zeroes);
    return json + "}";
}

} // namespace

/// A request that takes its time.
class NullNode::Delay {
public:
    Delay(BlockRequest &request, std::uint64_t latency_ns)
        : request_(request), timer_(*AioContext::current(), [this] { expire(); }) {
        timer_.arm_after(static_cast<std::int64_t>(latency_ns));
    }

private:
    void expire() {
        BlockRequest &request = request_;
        std::destroy_at(this);
        finish(request, 0);
    }

    BlockRequest &request_;
    AioTimer timer_;
};

NullNode::NullNode(IOThreadPool &iothreads, BlockNodeInfo info, const Options &options)
    : BlockNode(iothreads, std::move(info)), options_(options) {
    assert(options.latency_ns <= INT64_MAX);
}

void NullNode::start(BlockRequest &request) {
    if (request.op == BlockOp::read)
        iov_clear(request.iov, 0, request.bytes);
    if (options_.latency_ns == 0)
        finish_later(request, 0);
    else
        request.emplace_driver_state<Delay>(request, options_.latency_ns);
}

Result<std::unique_ptr<BlockNode>> open_null_node(IOThreadPool &iothreads, BlockNodeInfo info,
                                                  const qapi::BlockdevOptionsNull &options) {
    const std::int64_t size_bytes = options.size.value_or(kDefaultSizeBytes);
    if (size_bytes < 0 || static_cast<std::uint64_t>(size_bytes) > kNodeBytesMax)
        return generic_error("Parameter 'size' expects a value between 0 and {}", kNodeBytesMax);
    const std::uint64_t latency_ns = options.latency_ns.value_or(0);
    if (latency_ns > INT64_MAX)
        return generic_error("latency-ns is invalid");
    info.size_bytes = align_up(static_cast<std::uint64_t>(size_bytes), kSectorBytes);
    info.filename = filename_of(options);
    return std::make_unique<NullNode>(iothreads, std::move(info),
                                      NullNode::Options{.latency_ns = latency_ns});
}

} // namespace iothreadd
