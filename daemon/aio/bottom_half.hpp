// SPDX-License-Identifier: Apache-2.0
//
// BottomHalf: a callback that any thread can queue into an AioContext, where it runs once in the next pass
// however often it was scheduled. The way in which threads meet. Made once and scheduled often: scheduling
// allocates nothing and takes no lock.
//
// Bottom halves run in the order in which they were scheduled (unlike QEMU's, which run newest first), so
// that two messages from one thread arrive in order. One scheduled while bottom halves run waits for the next
// pass, which bounds each pass.
//
// Thread: schedule() and cancel() any thread, the rest home thread; see ~BottomHalf().
// Source: the bottom halves of QEMU's event loop.
#pragma once

#include "daemon/aio/callback.hpp"

#include <atomic>
#include <cassert>
#include <cstdint>
#include <utility>

namespace iothreadd {

class AioAccount;
class AioContext;
class BottomHalfQueue;
class RunMeter;

/// What a BottomHalfQueue links: a BottomHalf, a function posted to run once, or a part of an object of yours
/// (AioContext::schedule()).
class BottomHalfNode {
public:
    BottomHalfNode(const BottomHalfNode &) = delete;
    BottomHalfNode &operator=(const BottomHalfNode &) = delete;

protected:
    BottomHalfNode() = default;
    virtual ~BottomHalfNode() { assert((flags_.load(std::memory_order_relaxed) & kPending) == 0); }

    /// The node may be gone when it returns.
    virtual void run() = 0;

    /// `account` pays for all runs, whoever schedules them. Home thread, or before it is scheduled.
    void set_payer(AioAccount &account) {
        account_ = &account;
        keeps_account_ = true;
    }

private:
    friend class AioContext;
    friend class BottomHalf;
    friend class BottomHalfQueue;

    static constexpr std::uint32_t kPending = 1;   // linked in the queue
    static constexpr std::uint32_t kScheduled = 2; // to be run

    std::atomic<std::uint32_t> flags_{0};
    BottomHalfNode *next_ = nullptr; // whoever set kPending, then the home thread
    bool deleted_ = false;           // home thread: free instead of run
    AioAccount *account_ = nullptr;  // who pays for run(); home thread, or before it is queued
    bool keeps_account_ = false;     // for all runs, not for one
};

/// A function that runs once.
template <class F>
class PostedFunction final : public BottomHalfNode {
public:
    template <class G>
    explicit PostedFunction(G &&fn) : fn_(std::forward<G>(fn)) {}

private:
    void run() override {
        fn_();
        delete this;
    }

    F fn_;
};

class BottomHalfQueue {
public:
    BottomHalfQueue() = default;
    BottomHalfQueue(const BottomHalfQueue &) = delete;
    BottomHalfQueue &operator=(const BottomHalfQueue &) = delete;
    ~BottomHalfQueue();

    /// Any thread. The loop has to be notified afterwards.
    void schedule(BottomHalfNode &node);

    /// Run what is queued, and charge who pays; true: something ran.
    bool run(RunMeter &meter);

    /// False: run() has something to look at.
    bool empty() const { return batch_ == nullptr && newest_.load(std::memory_order_relaxed) == nullptr; }

private:
    void collect();
    BottomHalfNode *take();

    std::atomic<BottomHalfNode *> newest_{nullptr}; // a stack, newest first
    BottomHalfNode *batch_ = nullptr;               // collected, oldest first
    BottomHalfNode **batch_end_ = &batch_;
};

class BottomHalf {
public:
    /// Made in the home thread: whoever makes it pays for its runs.
    template <class F>
    BottomHalf(AioContext &context, F fn) : context_(context), node_(new Node(std::move(fn))) {
        set_payer();
    }
    BottomHalf(const BottomHalf &) = delete;
    BottomHalf &operator=(const BottomHalf &) = delete;

    /// Home thread, inside its own callback too; any thread once the context is gone. A queued run is
    /// dropped.
    ~BottomHalf();

    /// Run in the next pass. Any thread; what the caller did before is visible to the callback.
    void schedule();

    /// Drop a scheduled run that has not started.
    void cancel();

private:
    class Node final : public BottomHalfNode {
    public:
        using BottomHalfNode::set_payer;

        template <class F>
        explicit Node(F fn) : callback_(std::move(fn)) {}

    private:
        void run() override { callback_(); }
        Callback callback_;
    };

    void set_payer(); // who runs now, in the home thread

    AioContext &context_;
    Node *const node_; // freed by the queue if it is linked there
};

} // namespace iothreadd
