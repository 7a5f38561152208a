// SPDX-License-Identifier: Apache-2.0
//
// PollTrace: recorded arrivals that polling policies are judged by. make_traces.py writes them when the tests
// are built, and says what they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace iothreadd::test {

struct PollTrace {
    struct Event {
        unsigned source;
        std::int64_t gap_ns; ///< since the event before
    };

    std::string name;
    std::vector<Event> events;

    unsigned sources() const; ///< how many there are
};

/// All of them. Throws when the file cannot be read.
std::vector<PollTrace> load_poll_traces();

} // namespace iothreadd::test
