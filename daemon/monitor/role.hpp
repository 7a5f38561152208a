// SPDX-License-Identifier: Apache-2.0
//
// Roles: which client of a monitor gets which, and which commands a role may run. Nothing else decides.
//
// A read-only client looks: what it may run is listed here, so that a command that nobody thought of is
// refused. The name of a command that changes nothing begins with `query-`; whoever adds another one is asked
// by tests/unit/monitor/role_test.cpp, which knows them all.
//
// Thread: any.
#pragma once

#include "daemon/monitor/peer.hpp"
#include "daemon/util/result.hpp"

#include "qapi/monitor_types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace iothreadd {

using qapi::MonitorRole;

/// What a client may do, and who it is.
struct ClientPermit {
    MonitorRole role = MonitorRole::operator_;
    std::optional<ClientPeer> peer{};
};

/// Tokens of a message of a read-only client, in bytes: it has little to say.
inline constexpr std::uint64_t kMaxReadOnlyMessageBytes = 1U << 20;

/// Entries of a monitor's `allow`.
inline constexpr std::size_t kMaxAllowEntries = 256;

/// What a monitor has in place of an `allow` that is not given: everybody is an operator.
std::vector<qapi::MonitorAllow> allow_everybody();

/// The role of the first entry that matches; nothing: the client is not to be served. `groups` are its
/// supplementary ones.
std::optional<MonitorRole> role_for(std::span<const qapi::MonitorAllow> allow,
                                    const std::optional<ClientPeer> &peer, std::span<const gid_t> groups);

/// Whether a client in this role may run the command.
bool may_run(MonitorRole role, std::string_view command);
/// The same, with the answer to the client. Errors: GenericError that names command, user and role.
Result<void> check_permit(const ClientPermit &permit, std::string_view command);

} // namespace iothreadd
