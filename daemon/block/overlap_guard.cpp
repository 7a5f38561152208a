// SPDX-License-Identifier: Apache-2.0
#include "daemon/block/overlap_guard.hpp"

#include <cassert>

namespace iothreadd {

OverlapGuard::~OverlapGuard() { assert(tickets_.empty()); }

bool OverlapGuard::undisturbed(Stamp stamp, ByteRange range) const {
    // Sequentially consistent with grant(): a serialising write that this load misses reads its blocks after
    // ours were written.
    const std::uint64_t now = state_.load(std::memory_order_seq_cst);
    if (now == stamp && (now & kGrantedMask) == 0)
        return true;

    const std::lock_guard guard(lock_);
    for (const Ticket &ticket : tickets_)
        if (ticket.blockers_ == 0 && ticket.range_.overlaps(range))
            return false;
    const std::uint64_t released_then = stamp / kReleasedOne;
    const std::uint64_t released_now = state_.load(std::memory_order_relaxed) / kReleasedOne;
    if (released_now - released_then > kHistory)
        return false;
    for (std::uint64_t n = released_then; n != released_now; ++n)
        if (history_[n % kHistory].overlaps(range))
            return false;
    return true;
}

bool OverlapGuard::acquire(Ticket &ticket, ByteRange range) {
    const std::lock_guard guard(lock_);
    ticket.range_ = range;
    ticket.blockers_ = 0;
    for (const Ticket &other : tickets_)
        if (other.range_.overlaps(range))
            ++ticket.blockers_;
    tickets_.push_back(ticket);
    if (ticket.blockers_ != 0)
        return false;
    grant();
    return true;
}

void OverlapGuard::release(Ticket &ticket) {
    const std::lock_guard guard(lock_);
    assert(ticket.blockers_ == 0);
    const std::uint64_t released = state_.load(std::memory_order_relaxed) / kReleasedOne;
    history_[released % kHistory] = ticket.range_;
    state_.fetch_add(kReleasedOne - 1, std::memory_order_seq_cst);

    auto later = tickets_.erase(tickets_.iterator_to(ticket));
    for (; later != tickets_.end(); ++later)
        if (later->range_.overlaps(ticket.range_) && --later->blockers_ == 0) {
            grant();
            later->granted();
        }
}

void OverlapGuard::grant() {
    assert((state_.load(std::memory_order_relaxed) & kGrantedMask) != kGrantedMask);
    state_.fetch_add(1, std::memory_order_seq_cst); // pairs with undisturbed()
}

} // namespace iothreadd
