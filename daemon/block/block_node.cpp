// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/block_node.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/bottom_half.hpp"
#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/util/thread.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace iothreadd {

/// A request that ended where it must not complete: a bottom half in its room for driver state.
class BlockNode::LateResult final : public BottomHalfNode {
public:
    LateResult(BlockRequest &request, int result) : request_(request), result_(result) {}

private:
    void run() override {
        BlockRequest &request = request_;
        const int result = result_;
        std::destroy_at(this);
        finish(request, result);
    }

    BlockRequest &request_;
    const int result_;
};

/// A change of home under way.
struct BlockNode::Move {
    HolderToken target;
    std::function<void()> done;
    std::vector<const BlockNodeUser *> waiting; ///< null stands for the loop that asks them all
};

BlockNode::BlockNode(IOThreadPool &iothreads, BlockNodeInfo info)
    : info_(std::move(info)),
      iothreads_(iothreads),
      home_(iothreads.hold_main(Holder::block_node(info_.name))) {
    assert_main_thread();
    assert(info_.size_bytes % kSectorBytes == 0 && info_.size_bytes <= kNodeBytesMax);
}

BlockNode::~BlockNode() {
    assert_main_thread();
    assert(users_.empty() && !moving());
}

void BlockNode::submit(BlockRequest &request) {
    assert(AioContext::current() && !request.in_flight_);
    request.in_flight_ = true;
    if (const std::optional<int> result = check(request))
        finish_later(request, *result);
    else
        start(request);
}

/// How a request ends that no driver needs to see.
std::optional<int> BlockNode::check(const BlockRequest &request) const {
    if (request.op == BlockOp::flush)
        return std::nullopt;
    if (request.op != BlockOp::read && info_.read_only)
        return -EPERM;
    if (request.offset_bytes > info_.size_bytes || request.bytes > info_.size_bytes - request.offset_bytes)
        return request.op == BlockOp::write || request.op == BlockOp::write_zeroes ? -ENOSPC : -EINVAL;
    if (request.bytes == 0)
        return 0;
    return std::nullopt;
}

void BlockNode::finish(BlockRequest &request, int result) {
    request.in_flight_ = false;
    request.complete(result);
}

void BlockNode::finish_later(BlockRequest &request, int result) {
    AioContext::current()->schedule(request.emplace_driver_state<LateResult>(request, result));
}

BlockPermissions BlockNode::permissions_of_users() const {
    BlockPermissions permissions;
    for (const BlockNodeUser *user : users_)
        permissions = permissions | user->permissions();
    return permissions;
}

Result<void> BlockNode::attach(BlockNodeUser &user) {
    assert_main_thread();
    if (moving())
        return generic_error("Node '{}' is moving to another iothread", info_.name);
    if (info_.read_only && (user.permissions().held & BlockPermissions::kWrite) != 0)
        return generic_error("Block node is read-only");
    if (Result<void> updated = update_permissions(permissions_of_users() | user.permissions()); !updated)
        return updated;
    users_.push_back(&user);
    return {};
}

void BlockNode::detach(BlockNodeUser &user) {
    assert_main_thread();
    const auto found = std::find(users_.begin(), users_.end(), &user);
    assert(found != users_.end());
    users_.erase(found);
    // To hold less can only fail to take locks that are held already.
    [[maybe_unused]] const Result<void> updated = update_permissions(permissions_of_users());
    drained(&user);
}

bool BlockNode::home_is_fixed() const {
    return std::any_of(users_.begin(), users_.end(),
                       [](const BlockNodeUser *user) { return user->fixes_home(); });
}

IOThread *BlockNode::home() const { return home_.iothread(); }

HolderToken BlockNode::hold_home(Holder holder) const {
    IOThread *iothread = home();
    return iothread ? iothread->hold(std::move(holder)) : iothreads_.hold_main(std::move(holder));
}

void BlockNode::move_home(HolderToken target, std::function<void()> done) {
    assert_main_thread();
    assert(!moving() && !home_is_fixed());
    move_ = std::make_shared<Move>(Move{std::move(target), std::move(done), {users_.begin(), users_.end()}});
    move_->waiting.push_back(nullptr);
    const std::weak_ptr<Move> weak = move_;
    for (BlockNodeUser *user : std::vector<BlockNodeUser *>(users_))
        if (std::find(users_.begin(), users_.end(), user) != users_.end()) // still there
            user->drain_begin([this, weak, user] {
                if (!weak.expired())
                    drained(user);
            });
    drained(nullptr);
}

/// The move, if there is one, need not wait for `user` any more.
void BlockNode::drained(const BlockNodeUser *user) {
    if (!moving())
        return;
    std::vector<const BlockNodeUser *> &waiting = move_->waiting;
    const auto found = std::find(waiting.begin(), waiting.end(), user);
    if (found == waiting.end())
        return;
    waiting.erase(found);
    if (waiting.empty())
        finish_move();
}

void BlockNode::finish_move() {
    std::swap(home_, move_->target);
    for (BlockNodeUser *user : std::vector<BlockNodeUser *>(users_))
        if (std::find(users_.begin(), users_.end(), user) != users_.end())
            user->drain_end();
    const std::shared_ptr<Move> ended = std::exchange(move_, nullptr);
    const std::function<void()> done = std::move(ended->done);
    { const HolderToken old = std::move(ended->target); } // after all who ran there have left
    done();
}

} // namespace iothreadd
