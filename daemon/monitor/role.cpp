// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/role.hpp"

#include <algorithm>
#include <array>

namespace iothreadd {
namespace {

/// What a read-only client may run besides `query-*`.
constexpr std::array<std::string_view, 6> kReadOnlyCommands{
    "qmp_capabilities", "qom-get", "qom-list", "qom-list-types", "set-event-filter", "qom-list-properties",
};

} // namespace

std::vector<qapi::MonitorAllow> allow_everybody() { return {{.role = MonitorRole::operator_}}; }

std::optional<MonitorRole> role_for(std::span<const qapi::MonitorAllow> allow,
                                    const std::optional<ClientPeer> &peer, std::span<const gid_t> groups) {
    const auto in_group = [&](gid_t gid) { return peer->gid == gid || std::ranges::count(groups, gid) > 0; };
    for (const qapi::MonitorAllow &entry : allow) {
        const bool is_user = !entry.uid || (peer && peer->uid == *entry.uid);
        const bool is_member = !entry.gid || (peer && in_group(*entry.gid));
        if (is_user && is_member)
            return entry.role;
    }
    return std::nullopt;
}

bool may_run(MonitorRole role, std::string_view command) {
    return role == MonitorRole::operator_ || command.starts_with("query-") ||
           std::ranges::find(kReadOnlyCommands, command) != kReadOnlyCommands.end();
}

Result<void> check_permit(const ClientPermit &permit, std::string_view command) {
    if (may_run(permit.role, command))
        return {};
    return generic_error("The command {} is not allowed: {} has the role {} here", command,
                         describe(permit.peer), to_string(permit.role));
}

} // namespace iothreadd
