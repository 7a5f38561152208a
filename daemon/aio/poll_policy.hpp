// SPDX-License-Identifier: Apache-2.0
//
// PollPolicy: the rule that decides how long an event loop spins before it sleeps. Spinning pays off when
// work usually arrives soon. A pure calculation: no clock, no thread, no loop.
//
//   WeightedPolicy    an average interval for each source, and one budget that follows it (QEMU 11.1)
//   ClassicPolicy     a spinning time for each source, doubled and dropped (QEMU 10.2)
//   PredictivePolicy  what spinning would have cost in the past, for each source and situation
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/aio_parameters.hpp"
#include "daemon/aio/poll_source.hpp"

#include <cstdint>
#include <memory>

namespace iothreadd {

class PollPolicy {
public:
    /// How a pass waited.
    struct Wait {
        std::int64_t ns =
            0; ///< from the start of the pass to its first callback: spinning, sleep and waking up
        std::int64_t gap_ns = 0; ///< until the event itself: without waking up
        std::int64_t end_ns = 0; ///< when it ended
    };

    virtual ~PollPolicy() = default;

    /// The rule that the parameters ask for; nothing learnt yet. Their max_ns is not 0.
    static std::unique_ptr<PollPolicy> create(const PollParameters &parameters);

    /// How long the next wait may spin.
    virtual std::int64_t budget_ns() const = 0;

    /// End of a pass. `fired`: the sources that had an event in it, in their order. `known`: the others about
    /// which something was learnt, those that fired last at the end; whoever is not known any more may be
    /// taken out.
    virtual void observe(const Wait &wait, PollSource::List &fired, PollSource::List &known) = 0;

    /// What sleeping costs has been measured anew.
    virtual void set_block_cost(const BlockCost &) {}

    /// `source`, which is known, goes away or starts again from nothing.
    virtual void forget(PollSource &source) = 0;
};

} // namespace iothreadd
