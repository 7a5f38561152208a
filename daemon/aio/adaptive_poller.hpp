// SPDX-License-Identifier: Apache-2.0
//
// AdaptivePoller: how long an AioContext spins before it sleeps. Spinning pays off when work usually arrives
// soon, so each wait nudges the budget: a busy context spins, an idle one sleeps.
//
// Every source of events (a handler, the completions of the ring, notifications from other threads) has an
// estimate of its interval: a moving average of the waits that it ended, forgotten once it exceeds the limit.
// The budget follows the longest estimate among the sources that just fired: it grows to reach it and shrinks
// when it is far above. A pure calculation: no clock, no thread, no loop.
//
// Thread: home thread only.  Source: observed behaviour of QEMU 11.1's weighted polling.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/intrusive.hpp"

#include <cstdint>

namespace iothreadd {

class AdaptivePoller {
public:
    /// Something that ends waits. Goes away silently when destroyed.
    class Source {
    public:
        std::int64_t estimate_ns() const { return estimate_ns_; } ///< 0: not known

    private:
        friend class AdaptivePoller;
        std::int64_t estimate_ns_ = 0;
        bool fired_ = false; ///< in the current pass
        AutoHook hook_;
    };

    explicit AdaptivePoller(const PollParameters &parameters = {}) : parameters_(parameters.resolved()) {}
    AdaptivePoller(const AdaptivePoller &) = delete;
    AdaptivePoller &operator=(const AdaptivePoller &) = delete;
    ~AdaptivePoller() { forget_all(); }

    /// Take new parameters; what was learnt under the old ones is forgotten.
    void set_parameters(const PollParameters &parameters);

    /// Whether there is anything to decide: false while max_ns is 0.
    bool enabled() const { return parameters_.max_ns != 0; }

    /// How long the next wait may spin.
    std::int64_t budget_ns() const { return budget_ns_; }

    /// `source` had an event in this pass; more than once counts once.
    void fired(Source &source);

    /// End of a pass that spent `waited_ns` waiting, spinning included, handlers excluded.
    void observe(std::int64_t waited_ns);

    /// `source` starts again from nothing.
    static void forget(Source &source);

private:
    using Sources = AutoList<Source, &Source::hook_>;

    void forget_all();
    std::int64_t update_fired(std::int64_t waited_ns);
    void age_others(std::int64_t waited_ns);
    void adjust_budget(std::int64_t longest_ns);

    PollParameters parameters_;
    std::int64_t budget_ns_ = 0;
    Sources fired_;  // had an event in this pass
    Sources others_; // did not, and have an estimate
};

} // namespace iothreadd
