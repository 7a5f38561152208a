// SPDX-License-Identifier: Apache-2.0
//
// OverlapGuard: keeps a read-modify-write from undoing a write that overlaps it, in whatever AioContext the
// two run.
//
// An image opened with O_DIRECT takes whole blocks only, so a write of less reads the block, changes a part
// and writes it back, with the bytes around it as they were when it read them. The idea: only such
// serialising writes are kept in a list and wait for each other. All other writes just look, at their end,
// whether a serialising write was under way at any time since their start; one that did overlap may have
// lost, and is written again, this time as a serialising write itself. So the usual case, no unaligned
// writes, costs two loads and no lock.
//
// Two writes that overlap in time and place end in an unspecified order, as on any disk.
//
// Thread: any.  Source: the problem is QEMU's "serialising requests"; the optimistic form is ours.
#pragma once

#include <boost/intrusive/list.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace iothreadd {

struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0; ///< exclusive

    bool overlaps(const ByteRange &other) const { return begin < other.end && other.begin < end; }
};

class OverlapGuard {
public:
    /// A serialising write: its place in the list. Memory belongs to the caller, from acquire() to release().
    class Ticket {
    public:
        /// It is your turn. Called once, in the thread that releases the last of those before you, under the
        /// guard's lock: pass it on (BottomHalf::schedule()) and do nothing else.
        virtual void granted() = 0;

    protected:
        ~Ticket() = default;

    private:
        friend class OverlapGuard;
        boost::intrusive::list_member_hook<> hook_;
        ByteRange range_;
        std::uint32_t blockers_ = 0; ///< earlier tickets that overlap
    };

    OverlapGuard() = default;
    OverlapGuard(const OverlapGuard &) = delete;
    OverlapGuard &operator=(const OverlapGuard &) = delete;
    ~OverlapGuard();

    /// What an ordinary write remembers at its start.
    using Stamp = std::uint64_t;
    Stamp stamp() const { return state_.load(std::memory_order_seq_cst); }
    /// For an ordinary write that has ended: nothing serialising overlapped it since `stamp`. When false,
    /// write again between acquire() and release().
    bool undisturbed(Stamp stamp, ByteRange range) const;

    /// Queue behind earlier overlapping tickets. True: it is your turn now, and granted() will not be called.
    bool acquire(Ticket &ticket, ByteRange range);
    /// The serialising write has ended; `ticket` was granted.
    void release(Ticket &ticket);

private:
    /// How many ended serialising writes are remembered; a write during which more ended is taken for
    /// overlapped.
    static constexpr std::size_t kHistory = 64;
    /// state_: granted tickets in the low bits, the count of released ones above.
    static constexpr std::uint64_t kReleasedOne = 1 << 20;
    static constexpr std::uint64_t kGrantedMask = kReleasedOne - 1;

    void grant(); ///< with lock_

    std::atomic<std::uint64_t> state_ = 0;
    mutable std::mutex lock_;
    boost::intrusive::list<
        Ticket, boost::intrusive::member_hook<Ticket, boost::intrusive::list_member_hook<>, &Ticket::hook_>>
        tickets_;                               ///< oldest first, granted and waiting
    std::array<ByteRange, kHistory> history_{}; ///< of release n at n % kHistory
};

} // namespace iothreadd
