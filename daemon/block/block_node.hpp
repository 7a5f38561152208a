// SPDX-License-Identifier: Apache-2.0
//
// BlockNode: an opened image in the block graph. Requests enter it from any AioContext and run on that one: a
// node has no thread of its own. Its home only serves users that have none either, and changes through
// x-blockdev-set-iothread alone.
//
// Thread: created, changed and destroyed on the main thread; submit() on any AioContext's home thread.
#pragma once

#include "daemon/block/block_limits.hpp"
#include "daemon/block/block_permissions.hpp"
#include "daemon/block/block_request.hpp"
#include "daemon/iothread/holder_token.hpp"
#include "daemon/util/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

class IOThreadPool;

/// Whoever submits requests to a node: an export, later a parent node or a job. Attached from before the
/// first request until after the last.
///
/// Thread: main thread, all of it.
class BlockNodeUser {
public:
    /// What the user needs; asked at attach().
    virtual BlockPermissions permissions() const = 0;
    /// Insists on the node's home: it can then not be moved, not even by force.
    virtual bool fixes_home() const = 0;
    /// The node is about to move. A user that runs in the node's home stops submitting and calls `done` once
    /// nothing is in flight; a user with a thread of its own may call it at once, also inside this call. To
    /// detach counts as done; calling it later is then harmless.
    virtual void drain_begin(std::function<void()> done) = 0;
    /// The move is over: node.home() is the place to run now, for a user that follows it
    /// (BlockNode::hold_home()).
    virtual void drain_end() = 0;

protected:
    ~BlockNodeUser() = default;
};

/// What every driver knows about a node.
struct BlockNodeInfo {
    std::string name{};
    std::string_view driver{};    ///< as in blockdev-add, static
    std::string filename{};       ///< for people: a path, or the driver's own notation
    std::uint64_t size_bytes = 0; ///< a multiple of kSectorBytes, at most kNodeBytesMax
    bool read_only = false;
    bool cache_direct = false;
    bool cache_no_flush = false;
    BlockLimits limits{};
};

class BlockNode {
public:
    BlockNode(IOThreadPool &iothreads, BlockNodeInfo info);
    BlockNode(const BlockNode &) = delete;
    BlockNode &operator=(const BlockNode &) = delete;
    virtual ~BlockNode();

    const std::string &name() const { return info_.name; }
    std::uint64_t size_bytes() const { return info_.size_bytes; }
    bool read_only() const { return info_.read_only; }
    std::uint32_t request_alignment() const { return info_.limits.request_alignment; }
    const BlockNodeInfo &info() const { return info_; }
    /// Bytes that the image takes up where it is stored.
    virtual std::uint64_t allocated_bytes() const = 0;

    /// Start `request` on AioContext::current(); request.complete() runs there later, never inside this call.
    /// Shape:  any offset and length, 0 bytes included (success); discard and flush need no iov.
    /// Errors: past the end -EINVAL (read, discard) or -ENOSPC (write, write_zeroes); -EPERM: changing a
    /// read-only
    ///         node; -ENOTSUP: write_zeroes with no_fallback; else what the kernel said.
    /// Thread: any AioContext's home thread. Requests of several contexts may overlap; their order is then
    /// open.
    void submit(BlockRequest &request);

    // Users and home: main thread.

    /// Refused when the permissions cannot be had (`Failed to get "write" lock`) or while the node is moving.
    Result<void> attach(BlockNodeUser &user);
    /// `user` has nothing in flight any more.
    void detach(BlockNodeUser &user);
    bool has_users() const { return !users_.empty(); }
    bool home_is_fixed() const;

    /// The IOThread that serves users without a thread of their own; null: the main loop.
    IOThread *home() const;
    /// Become a holder of the home: what a user that runs there keeps as long as it does.
    HolderToken hold_home(Holder holder) const;
    /// Drain the users, let `target` (a block-node token, or the main loop's) be the home, resume. `done`
    /// runs at the end, perhaps inside this call. The old hold goes when the new one is in force. Shape:
    /// !moving(), !home_is_fixed().
    void move_home(HolderToken target, std::function<void()> done);
    bool moving() const { return move_ != nullptr; }

protected:
    /// Start a request that passed the checks of submit(): end it with finish() from a callback of the
    /// AioContext, or with finish_later() from in here.
    virtual void start(BlockRequest &request) = 0;
    /// The request has ended and its driver state is destroyed.
    static void finish(BlockRequest &request, int result);
    /// The same from a bottom half of the current AioContext; uses the request's room for driver state.
    static void finish_later(BlockRequest &request, int result);
    /// Acquire what the users together need now; on failure everything stays as it was.
    virtual Result<void> update_permissions(BlockPermissions permissions) = 0;

private:
    struct Move;
    class LateResult;

    std::optional<int> check(const BlockRequest &request) const;
    BlockPermissions permissions_of_users() const;
    void drained(const BlockNodeUser *user);
    void finish_move();

    BlockNodeInfo info_;
    IOThreadPool &iothreads_;
    HolderToken home_;
    std::vector<BlockNodeUser *> users_;
    std::shared_ptr<Move> move_; ///< shared with the callbacks that it waits for
};

} // namespace iothreadd
