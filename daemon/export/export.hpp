// SPDX-License-Identifier: Apache-2.0
//
// Export: a block node offered over a protocol. The base knows the node, the rights to the event loops that
// serve it, and how to follow the node when it moves; the protocols add their clients.
//
// An export with IOThreads of its own runs exactly there. One without runs in its node's home, holds that
// IOThread too, and follows.
//
// Life: a protocol's constructor → connect() to node and event loops → served → shut_down() → destroyed by
// the registry.
//
// Thread: main thread.
#pragma once

#include "daemon/block/block_node.hpp"
#include "daemon/iothread/holder_token.hpp"
#include "daemon/util/result.hpp"
#include "qapi/block_export_types.hpp"

#include <functional>
#include <string>
#include <vector>

namespace iothreadd {

class IOThread;

/// What block-export-add says about every export, looked up and checked.
struct ExportSetup {
    std::string id;
    BlockNode &node;
    std::vector<IOThread *> iothreads; ///< empty: the node's home
    bool fixed_home = false;
    bool writable = false;
    bool writethrough = false;
};

/// What becomes of the clients of an export that goes.
enum class ExportEnd {
    cut,    ///< cut off
    finish, ///< answered what they asked for, then closed
};

class Export : protected BlockNodeUser {
public:
    explicit Export(ExportSetup setup) : setup_(std::move(setup)) {}
    Export(const Export &) = delete;
    Export &operator=(const Export &) = delete;
    virtual ~Export();

    const std::string &id() const { return setup_.id; }
    BlockNode &node() const { return setup_.node; }
    bool writable() const { return setup_.writable; }
    bool writethrough() const { return setup_.writethrough; }
    bool shutting_down() const { return shutting_down_; }
    /// The ids of the IOThreads that serve it; none: the main loop.
    std::vector<std::string> iothread_ids() const;

    virtual qapi::BlockExportType type() const = 0;
    virtual std::size_t connections() const = 0;
    /// Whether a safe removal is refused.
    virtual bool in_use() const = 0;

    /// Use the node; the first step, and the only one that can fail.
    /// Errors: the node's permissions cannot be had; it is moving.
    Result<void> attach_node();
    /// Become a holder of the event loops. From now on there may be clients.
    void hold_contexts();

    /// End: `gone` is called when nothing runs any more and the export may be destroyed, perhaps inside this
    /// call.
    void shut_down(ExportEnd end, std::function<void()> gone);

protected:
    /// Where the next client is served: each event loop in turn.
    AioHome next_home();

    /// Take no more requests and leave the event loops; `paused` once that is done.
    virtual void pause(std::function<void()> paused) = 0;
    /// Serve again, in next_home().
    virtual void resume() = 0;
    virtual void end_clients(ExportEnd end, std::function<void()> gone) = 0;

private:
    bool follows_node() const { return setup_.iothreads.empty(); }

    BlockPermissions permissions() const override;
    bool fixes_home() const override { return setup_.fixed_home; }
    void drain_begin(std::function<void()> done) override;
    void drain_end() override;

    const ExportSetup setup_;
    bool attached_ = false;
    bool shutting_down_ = false;
    std::vector<HolderToken> tokens_;
    std::size_t next_token_ = 0;
};

} // namespace iothreadd
