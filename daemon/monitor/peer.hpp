// SPDX-License-Identifier: Apache-2.0
//
// ClientPeer: who is at the other end of a unix domain socket, as the kernel noted it when it was connected.
// What became of that process since makes no difference.
//
// Thread: any.  Source: unix(7), SO_PEERCRED; socket(7) has no page for SO_PEERGROUPS, which gives the
// supplementary groups of the same moment.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace iothreadd {

struct ClientPeer {
    pid_t pid; ///< 0: in a PID namespace that is not visible from here
    uid_t uid;
    gid_t gid;
};

/// Nothing for a socket of another family.
std::optional<ClientPeer> peer_of(int socket);
/// Its supplementary groups; empty when nobody knows.
std::vector<gid_t> peer_groups(int socket);

/// For messages: `user 1000`.
std::string describe(const std::optional<ClientPeer> &peer);

} // namespace iothreadd
