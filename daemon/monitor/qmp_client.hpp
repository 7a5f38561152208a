// SPDX-License-Identifier: Apache-2.0
//
// QmpClient: the client that asked, as a command sees it. Few commands look: those that are about the
// conversation itself.
//
// Thread: main thread.
#pragma once

#include "protocol/qmp/command.hpp"
#include "protocol/qmp/command_handler.hpp"
#include "protocol/qmp/event_throttle.hpp"
#include "protocol/qmp/qmp_session.hpp"

#include <span>
#include <string_view>

namespace iothreadd {

/// What a QMP server can do: generated from the schema, or made by a test.
struct QmpApi {
    std::span<const CommandInfo> commands;    ///< sorted by name
    std::span<const CommandHandler> handlers; ///< in the same order
    std::string_view introspection;           ///< the answer of query-qmp-schema, as JSON text
    std::span<const EventLimit> event_limits; ///< of events that are not always sent at once
};

class QmpClient {
public:
    virtual ~QmpClient() = default;
    virtual QmpSession &session() = 0;
    virtual const QmpApi &api() const = 0;
};

} // namespace iothreadd
