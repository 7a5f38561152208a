// SPDX-License-Identifier: Apache-2.0
#include "tests/traces/poll_trace.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace iothreadd::test {
namespace {

std::uint32_t read_number(std::istream &file) {
    std::uint32_t number = 0;
    for (int shift = 0; shift < 32; shift += 8)
        number |= static_cast<std::uint32_t>(file.get() & 0xff) << shift;
    return number;
}

} // namespace

unsigned PollTrace::sources() const {
    unsigned count = 0;
    for (const Event &event : events)
        count = std::max(count, event.source + 1);
    return count;
}

std::vector<PollTrace> load_poll_traces() {
    std::ifstream file{IOTHREADD_POLL_TRACES, std::ios::binary};
    std::vector<PollTrace> traces;
    while (file.peek() != std::ifstream::traits_type::eof()) {
        PollTrace &trace = traces.emplace_back();
        trace.name.resize(read_number(file));
        file.read(trace.name.data(), static_cast<std::streamsize>(trace.name.size()));
        trace.events.resize(read_number(file));
        for (PollTrace::Event &event : trace.events) {
            event.source = static_cast<unsigned>(file.get());
            event.gap_ns = read_number(file);
        }
    }
    if (traces.empty() || file.bad())
        throw std::runtime_error(std::string{"cannot read "} + IOTHREADD_POLL_TRACES);
    return traces;
}

} // namespace iothreadd::test
