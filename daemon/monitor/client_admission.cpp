// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/client_admission.hpp"

#include "daemon/chardev/chardev.hpp"
#include "daemon/monitor/client_connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace iothreadd {
namespace {

bool is_same_user(const std::optional<ClientPeer> &a, const std::optional<ClientPeer> &b) {
    return a && b ? a->uid == b->uid : a.has_value() == b.has_value();
}

} // namespace

Result<ClientPermit> ClientAdmission::admit(std::string_view monitor,
                                            std::span<const qapi::MonitorAllow> allow,
                                            const ChardevStream &stream,
                                            std::span<const std::shared_ptr<ClientConnection>> clients) {
    ClientPermit permit;
    std::vector<gid_t> groups;
    if (!stream.relayed) {
        permit.peer = peer_of(stream.socket.get());
        groups = peer_groups(stream.socket.get());
    }
    const auto role = role_for(allow, permit.peer, groups);
    if (!role) {
        if (const auto skipped = denied_log_.admit())
            spdlog::warn("monitor '{}': {} is not allowed to connect{}", monitor, describe(permit.peer),
                         *skipped > 0 ? fmt::format(" ({} like that since the last message)", *skipped) : "");
        return generic_error("Access denied: {} is not allowed here", describe(permit.peer));
    }
    permit.role = *role;
    if (auto room = check_room(permit, clients); !room)
        return room.error();
    return permit;
}

Result<void> ClientAdmission::check_room(const ClientPermit &permit,
                                         std::span<const std::shared_ptr<ClientConnection>> clients) const {
    if (clients.size() >= most_)
        return generic_error("Too many clients, at most {} can be connected", most_);
    if (permit.role == MonitorRole::operator_)
        return {};
    std::size_t read_only = 0;
    std::size_t of_user = 0;
    for (const auto &client : clients) {
        const ClientPermit &other = client->permit();
        if (other.role == MonitorRole::operator_)
            continue;
        ++read_only;
        of_user += is_same_user(other.peer, permit.peer) ? 1 : 0;
    }
    if (read_only >= kMaxReadOnlyClients)
        return generic_error("Too many read-only clients, at most {} can be connected", kMaxReadOnlyClients);
    if (of_user >= kMaxReadOnlyClientsOfUser)
        return generic_error("Too many read-only clients, at most {} of {} can be connected",
                             kMaxReadOnlyClientsOfUser, describe(permit.peer));
    return {};
}

} // namespace iothreadd
