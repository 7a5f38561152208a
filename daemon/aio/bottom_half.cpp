// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/bottom_half.hpp"

#include "daemon/aio/aio_context.hpp"
#include "daemon/aio/run_meter.hpp"

#include <cassert>

namespace iothreadd {

BottomHalfQueue::~BottomHalfQueue() { assert(empty()); }

void BottomHalfQueue::schedule(BottomHalfNode &node) {
    const std::uint32_t before = node.flags_.fetch_or(
        BottomHalfNode::kPending | BottomHalfNode::kScheduled,
        std::memory_order_acq_rel); // pairs with run(): it is done with next_, it sees our work
    if (before & BottomHalfNode::kPending)
        return;
    node.next_ = newest_.load(std::memory_order_relaxed);
    while (!newest_.compare_exchange_weak(node.next_, &node,
                                          std::memory_order_release, // pairs with collect()
                                          std::memory_order_relaxed)) {
    }
}

/// Append what was scheduled to the batch, oldest first.
void BottomHalfQueue::collect() {
    BottomHalfNode *node = newest_.exchange(nullptr, std::memory_order_acquire); // pairs with schedule()
    if (node == nullptr)
        return;
    BottomHalfNode *const last = node;
    BottomHalfNode *oldest = nullptr;
    while (node != nullptr) {
        BottomHalfNode *const older = node->next_;
        node->next_ = oldest;
        oldest = node;
        node = older;
    }
    *batch_end_ = oldest;
    batch_end_ = &last->next_;
}

BottomHalfNode *BottomHalfQueue::take() {
    BottomHalfNode *const node = batch_;
    if (node == nullptr)
        return nullptr;
    batch_ = node->next_;
    if (batch_ == nullptr)
        batch_end_ = &batch_;
    return node;
}

/// A callback that runs the loop gets here again: the inner call goes on with the rest of the outer batch.
bool BottomHalfQueue::run(RunMeter &meter) {
    collect();
    bool progress = false;
    while (BottomHalfNode *const node = take()) {
        const bool deleted = node->deleted_;
        AioAccount *const payer =
            node->keeps_account_ ? node->account_ : std::exchange(node->account_, nullptr);
        const std::uint32_t flags =
            node->flags_.exchange(0, std::memory_order_acq_rel); // pairs with schedule()
        if (deleted) {
            delete node;
        } else if (flags & BottomHalfNode::kScheduled) {
            meter.charge(payer);
            node->run();
            progress = true;
        }
    }
    return progress;
}

void BottomHalf::set_payer() {
    if (AioContext::current() != &context_)
        return;
    node_->set_payer(context_.account());
}

BottomHalf::~BottomHalf() {
    if (node_->flags_.load(std::memory_order_acquire) & BottomHalfNode::kPending) {
        context_.assert_home_thread();
        node_->deleted_ = true;
    } else {
        delete node_;
    }
}

void BottomHalf::schedule() { context_.schedule(*node_); }

void BottomHalf::cancel() { node_->flags_.fetch_and(~BottomHalfNode::kScheduled, std::memory_order_relaxed); }

} // namespace iothreadd
