// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/holder_token.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/util/thread.hpp"

namespace iothreadd {

HolderToken::HolderToken(std::unique_ptr<HolderEntry> entry) : entry_(std::move(entry)) {}

HolderToken::HolderToken(HolderToken &&) noexcept = default;

HolderToken &HolderToken::operator=(HolderToken &&other) noexcept {
    HolderToken old{std::move(*this)}; // detaches at the end, after the new entry is in place
    entry_ = std::move(other.entry_);
    return *this;
}

HolderToken::~HolderToken() {
    if (!entry_)
        return; // moved from
    assert_main_thread();
    if (entry_->iothread == nullptr)
        return;
    entry_->iothread->detach(*entry_);
    entry_->context.retire(std::move(entry_->account));
}

AioContext &HolderToken::context() const { return entry_->context; }

AioHome HolderToken::home() const { return {entry_->context, entry_->account.get()}; }

IOThread *HolderToken::iothread() const { return entry_->iothread; }

const Holder &HolderToken::holder() const { return entry_->holder; }

} // namespace iothreadd
