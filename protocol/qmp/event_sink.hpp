// SPDX-License-Identifier: Apache-2.0
//
// EventSink: where generated emit() functions put an event. The QMP server is one; a test may be another.
//
// Thread: main thread.
#pragma once

#include "protocol/qmp/json.hpp"

#include <optional>
#include <string_view>

namespace iothreadd {

class EventSink {
public:
    virtual ~EventSink() = default;
    /// Send the event to every client that negotiated; the sink adds the time stamp. `data` is absent when
    /// empty.
    virtual void emit(std::string_view name, std::optional<Json> data) = 0;
};

} // namespace iothreadd
