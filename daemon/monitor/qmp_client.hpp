// SPDX-License-Identifier: Apache-2.0
//
// QmpClient: the client that asked, as a command sees it. Few commands look: those that are about the
// conversation itself.
//
// Thread: main thread.
#pragma once

#include "daemon/util/unique_fd.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/command_handler.hpp"
#include "protocol/qmp/event_throttle.hpp"
#include "protocol/qmp/qmp_session.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

/// What a QMP server can do: generated from the schema, or made by a test.
struct QmpApi {
    std::span<const CommandInfo> commands;    ///< sorted by name
    std::span<const CommandHandler> handlers; ///< in the same order
    std::string_view introspection;           ///< the answer of query-qmp-schema, as JSON text
    std::span<const EventLimit> event_limits; ///< of events that are not always sent at once
    std::span<const std::string_view> events; ///< sorted
};

/// The capability to have one's events numbered.
inline constexpr std::string_view kEventSeqCapability = "event-seq";

class QmpClient {
public:
    virtual ~QmpClient() = default;
    /// The work of qmp_capabilities; see QmpSession::enable().
    virtual Result<void> enable(std::span<const std::string_view> capabilities) = 0;
    /// Get only these events; nothing: all.
    virtual void set_event_filter(std::optional<std::vector<std::string>> events) = 0;
    /// Become the owner of the descriptor that came with the in-band command that runs.
    /// Errors: `No file descriptor supplied via SCM_RIGHTS`.
    virtual Result<UniqueFd> take_fd() = 0;
};

} // namespace iothreadd
