// SPDX-License-Identifier: Apache-2.0
//
// nbd_handshake: one client from the greeting to the moment when requests may follow, as a coroutine. It
// reads exactly what belongs to the handshake, so the socket can be handed over with the first request still
// in it.
//
// Thread: main thread.  Source: NBD proto.md, "Fixed newstyle negotiation".
#pragma once

#include "daemon/export/nbd/nbd_negotiation.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <optional>

namespace iothreadd {

using NbdSocket = boost::asio::generic::stream_protocol::socket;

struct NbdAgreement {
    NbdExportInfo info;
    bool structured; ///< replies
};

/// Nothing when the client left, broke the rules, or `socket` was closed by somebody else; then `directory`
/// is not used any more. Time limits are the caller's: closing the socket ends it.
boost::asio::awaitable<std::optional<NbdAgreement>> nbd_handshake(NbdSocket &socket,
                                                                  const NbdDirectory &directory);

} // namespace iothreadd
