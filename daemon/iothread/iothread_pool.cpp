// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_pool.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/util/thread.hpp"

#include <algorithm>
#include <cassert>

namespace iothreadd {

IOThreadPool::IOThreadPool(AioContext &main_context, EventSink &events)
    : main_context_(main_context), events_(events), stall_watch_(main_context, *this) {}

IOThreadPool::~IOThreadPool() { assert(iothreads_.empty()); }

IOThread *IOThreadPool::find(std::string_view id) const {
    assert_main_thread();
    const auto found = std::ranges::find(iothreads_, id, &IOThread::id);
    return found == iothreads_.end() ? nullptr : *found;
}

HolderToken IOThreadPool::hold_main(Holder holder) {
    assert_main_thread();
    return HolderToken{std::make_unique<HolderEntry>(std::move(holder), nullptr, main_context_)};
}

std::vector<IOThreadSnapshot> IOThreadPool::snapshots() const {
    const std::lock_guard lock(lock_);
    std::vector<IOThreadSnapshot> taken;
    taken.reserve(iothreads_.size());
    for (const IOThread *iothread : iothreads_)
        taken.push_back(iothread->snapshot());
    return taken;
}

std::vector<IOThreadStatsSnapshot> IOThreadPool::stats() const {
    const std::lock_guard lock(lock_);
    std::vector<IOThreadStatsSnapshot> taken;
    taken.reserve(iothreads_.size());
    for (const IOThread *iothread : iothreads_)
        taken.push_back(iothread->stats());
    return taken;
}

void IOThreadPool::insert(IOThread &iothread) {
    const std::lock_guard lock(lock_);
    iothreads_.push_back(&iothread);
}

void IOThreadPool::erase(IOThread &iothread) {
    const std::lock_guard lock(lock_);
    std::erase(iothreads_, &iothread);
}

} // namespace iothreadd
