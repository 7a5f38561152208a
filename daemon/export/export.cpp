// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/export.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/util/thread.hpp"

#include <cassert>
#include <utility>

namespace iothreadd {

Export::~Export() {
    assert_main_thread();
    if (attached_)
        setup_.node.detach(*this);
}

std::vector<std::string> Export::iothread_ids() const {
    std::vector<std::string> ids;
    for (const HolderToken &token : tokens_) {
        if (const IOThread *const iothread = token.iothread())
            ids.push_back(iothread->id());
    }
    return ids;
}

Result<void> Export::attach_node() {
    assert_main_thread();
    auto attached = setup_.node.attach(*this);
    attached_ = attached.has_value();
    return attached;
}

void Export::hold_contexts() {
    assert_main_thread();
    assert(attached_ && tokens_.empty());
    for (IOThread *const iothread : setup_.iothreads)
        tokens_.push_back(iothread->hold(Holder::block_export(setup_.id)));
    if (follows_node())
        tokens_.push_back(setup_.node.hold_home(Holder::block_export(setup_.id)));
}

void Export::shut_down(ExportEnd end, std::function<void()> gone) {
    assert_main_thread();
    shutting_down_ = true;
    end_clients(end, std::move(gone));
}

AioHome Export::next_home() {
    assert(!tokens_.empty());
    return tokens_[next_token_++ % tokens_.size()].home();
}

BlockPermissions Export::permissions() const {
    std::uint8_t held = BlockPermissions::kConsistentRead;
    if (setup_.writable)
        held |= BlockPermissions::kWrite;
    return {held, BlockPermissions::kResize};
}

void Export::drain_begin(std::function<void()> done) {
    if (follows_node())
        pause(std::move(done));
    else
        done();
}

void Export::drain_end() {
    if (!follows_node())
        return;
    // The old hold goes only when the new one is there: the list of holders never shows a gap.
    HolderToken token = setup_.node.hold_home(Holder::block_export(setup_.id));
    tokens_.front() = std::move(token);
    resume();
}

} // namespace iothreadd
