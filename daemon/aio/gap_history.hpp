// SPDX-License-Identifier: Apache-2.0
//
// GapHistory: the gaps before past events, and from them the spinning time that would have cost least. Old
// gaps fade: all counts are halved when they reach kMostGaps. A gap counts once however long it was, so an
// outlier moves nothing.
//
// For a spinning time T, a gap x <= T costs x of CPU, and a longer one T plus a miss: the CPU and the latency
// of being woken. The best T is looked for among the upper bounds of the buckets, half an octave apart.
//
// Thread: home thread only (a value).  Source: rent-or-buy with a learnt distribution; simulations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace iothreadd {

/// The upper bounds of the buckets that a limit of spinning allows: 500 ns, 707 ns, 1 us, ... and the limit.
class GapBuckets {
public:
    /// Up to 2 ms; spinning for longer than that is no use to anybody.
    static constexpr std::size_t kMostBuckets = 25;

    explicit GapBuckets(std::int64_t max_ns);

    std::size_t size() const { return size_; }
    std::int64_t bound_ns(std::size_t bucket) const { return bounds_ns_[bucket]; }
    std::int64_t max_ns() const { return bounds_ns_[size_ - 1]; }
    /// size(): longer than all of them.
    std::size_t bucket_of(std::int64_t gap_ns) const;

private:
    std::array<std::int64_t, kMostBuckets> bounds_ns_{};
    std::size_t size_ = 0;
};

class GapHistory {
public:
    static constexpr std::uint32_t kMostGaps = 128;
    /// With fewer gaps than this nothing is known.
    static constexpr std::uint32_t kLeastGaps = 4;
    /// Looking for the best time takes some 100 ns, so it is done for every eighth gap once there are some.
    static constexpr std::uint32_t kGapsPerDecision = 8;

    /// What deciding takes.
    struct Price {
        const GapBuckets &buckets;
        std::int64_t enter_ns;   ///< of spinning at all
        std::int64_t miss_ns;    ///< of being woken
        std::int64_t default_ns; ///< the time as long as nothing is known
    };

    void add(std::int64_t gap_ns, const Price &price);

    /// How long to spin; `default_ns` as long as nothing is known.
    std::int64_t best_ns(std::int64_t default_ns) const { return decided_ ? best_ns_ : default_ns; }

private:
    struct Bucket {
        std::uint32_t gaps = 0;
        std::int64_t sum_ns = 0;
    };

    void fade();
    std::int64_t cheapest(const Price &price) const;

    std::array<Bucket, GapBuckets::kMostBuckets + 1> buckets_{}; // the last one: longer than the limit
    std::uint32_t gaps_ = 0;                                     // in the buckets
    std::uint64_t added_ = 0;                                    // ever
    std::int64_t best_ns_ = 0;
    bool decided_ = false;
};

/// Those of one source: what the gap after its event is depends on the gap before it.
using GapHistories = std::array<GapHistory, 3>;

} // namespace iothreadd
