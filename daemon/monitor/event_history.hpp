// SPDX-License-Identifier: Apache-2.0
//
// EventHistory: the last events with their numbers, so that a client that was away can ask what it missed.
// Numbers begin at 1 and have no gaps.
//
// Thread: main thread.
#pragma once

#include "protocol/qmp/event_throttle.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace iothreadd {

class EventHistory {
public:
    static constexpr std::size_t kMaxEvents = 1000;
    /// Of the events as JSON text.
    static constexpr std::size_t kMaxBytes = 1U << 20;

    struct Record {
        std::int64_t seq;
        std::size_t bytes;
        QmpEvent event;
    };

    EventHistory();

    /// The number that the next event gets.
    std::int64_t next_seq() const { return last_seq_ + 1; }
    std::int64_t last_seq() const { return last_seq_; }
    /// Keep it, `bytes` long; older ones go to make room. It gets next_seq().
    void add(const QmpEvent &event, std::size_t bytes);
    /// Those kept, oldest first.
    const std::deque<Record> &records() const { return records_; }
    /// Random: names this run of the program.
    const std::string &instance() const { return instance_; }

private:
    std::string instance_;
    std::int64_t last_seq_ = 0;
    std::size_t bytes_ = 0;
    std::deque<Record> records_;
};

} // namespace iothreadd
