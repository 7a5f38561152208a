// SPDX-License-Identifier: Apache-2.0
//
// AioAccount: what one user of an event loop had from it: its callbacks, their time, and how polling served
// it. RunMeter charges it; who serves requests counts them himself.
//
// Thread: the loop's home thread counts, any thread reads.  Life: the user's first AioContext::post_for() →
// all that ran for the user has ended → AioContext::retire().
#pragma once

#include "daemon/aio/relaxed_counter.hpp"

#include <cstdint>

namespace iothreadd {

/// A snapshot; times are nanoseconds.
struct AioAccountStats {
    std::uint64_t callbacks = 0;
    std::uint64_t run_ns = 0;         ///< spent in them
    std::uint64_t longest_run_ns = 0; ///< without a break
    std::uint64_t hits = 0;           ///< spins of the loop that its events ended
    std::uint64_t useful_ns = 0;      ///< spent in these
    std::uint64_t wakes = 0;          ///< sleeps of the loop that its events ended
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0; ///< moved by them
    TimeHistogram gaps{};    ///< that the loop waited for its events
};

class AioAccount {
public:
    AioAccount() = default;
    AioAccount(const AioAccount &) = delete;
    AioAccount &operator=(const AioAccount &) = delete;

    void count_request(std::uint64_t moved_bytes) {
        requests.add();
        bytes.add(moved_bytes);
    }

    void count_run(std::int64_t ran_ns) {
        const auto ran = static_cast<std::uint64_t>(ran_ns);
        run_ns.add(ran);
        if (ran > longest_run_ns.get())
            longest_run_ns.set(ran);
    }

    AioAccountStats snapshot() const {
        return {.callbacks = callbacks.get(),
                .run_ns = run_ns.get(),
                .longest_run_ns = longest_run_ns.get(),
                .hits = hits.get(),
                .useful_ns = useful_ns.get(),
                .wakes = wakes.get(),
                .requests = requests.get(),
                .bytes = bytes.get(),
                .gaps = gaps.get()};
    }

    RelaxedCounter<std::uint64_t> callbacks, run_ns, longest_run_ns, hits, useful_ns, wakes, requests, bytes;
    TimeCounter gaps;
};

} // namespace iothreadd
