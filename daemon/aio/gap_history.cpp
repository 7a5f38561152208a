// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/gap_history.hpp"

#include <algorithm>
#include <cmath>

namespace iothreadd {

namespace {
constexpr double kFirstBoundNs = 500; // less than that is not worth entering poll mode
}

GapBuckets::GapBuckets(std::int64_t max_ns) {
    while (size_ < kMostBuckets - 1) {
        const auto bound_ns =
            static_cast<std::int64_t>(kFirstBoundNs * std::exp2(static_cast<double>(size_) / 2));
        if (bound_ns >= max_ns)
            break;
        bounds_ns_[size_++] = bound_ns;
    }
    const auto longest_ns =
        static_cast<std::int64_t>(kFirstBoundNs * std::exp2(static_cast<double>(size_) / 2));
    bounds_ns_[size_++] = std::min(max_ns, longest_ns);
}

std::size_t GapBuckets::bucket_of(std::int64_t gap_ns) const {
    const auto *const end = bounds_ns_.data() + size_;
    return static_cast<std::size_t>(std::lower_bound(bounds_ns_.data(), end, gap_ns) - bounds_ns_.data());
}

void GapHistory::add(std::int64_t gap_ns, const Price &price) {
    const std::size_t place = price.buckets.bucket_of(gap_ns);
    Bucket &bucket = buckets_[place];
    ++bucket.gaps;
    if (place < price.buckets.size())
        bucket.sum_ns += gap_ns;
    ++added_;
    if (++gaps_ >= kMostGaps)
        fade();
    if (added_ % kGapsPerDecision != 0 && added_ >= kGapsPerDecision)
        return;
    decided_ = gaps_ >= kLeastGaps;
    if (decided_)
        best_ns_ = cheapest(price);
}

void GapHistory::fade() {
    gaps_ = 0;
    for (Bucket &bucket : buckets_) {
        bucket.gaps /= 2;
        bucket.sum_ns /= 2;
        gaps_ += bucket.gaps;
    }
}

/// The time that all gaps together would have paid least for; of equal ones the shortest.
std::int64_t GapHistory::cheapest(const Price &price) const {
    std::int64_t best_ns = 0;
    std::int64_t least = static_cast<std::int64_t>(gaps_) * price.miss_ns; // without spinning
    std::int64_t within = 0;
    std::int64_t spun_ns = 0;
    for (std::size_t i = 0; i < price.buckets.size(); ++i) {
        within += buckets_[i].gaps;
        spun_ns += buckets_[i].sum_ns;
        const std::int64_t bound_ns = price.buckets.bound_ns(i);
        const std::int64_t cost =
            gaps_ * price.enter_ns + spun_ns + (gaps_ - within) * (bound_ns + price.miss_ns);
        if (cost < least) {
            best_ns = bound_ns;
            least = cost;
        }
    }
    return best_ns;
}

} // namespace iothreadd
