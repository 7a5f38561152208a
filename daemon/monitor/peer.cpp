// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/peer.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

#include <cerrno>

namespace iothreadd {

std::optional<ClientPeer> peer_of(int socket) {
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
        peer.uid == static_cast<uid_t>(-1))
        return std::nullopt;
    return ClientPeer{.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

std::vector<gid_t> peer_groups(int socket) {
    std::vector<gid_t> groups(32);
    for (;;) {
        auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
        const std::size_t count = length / sizeof(gid_t);
        if (result != 0 && errno == ERANGE && count > groups.size()) {
            groups.resize(count); // the kernel said how many there are
            continue;
        }
        groups.resize(result == 0 ? count : 0);
        return groups;
    }
}

std::string describe(const std::optional<ClientPeer> &peer) {
    return peer ? fmt::format("user {}", peer->uid) : std::string{"a client without a user"};
}

} // namespace iothreadd
