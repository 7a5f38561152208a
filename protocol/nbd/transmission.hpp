// SPDX-License-Identifier: Apache-2.0
//
// The transmission phase of NBD as values: requests are decoded and judged, replies are encoded into a buffer
// of the caller's. Nothing here allocates.
//
// Thread: any.  Source: NBD proto.md, "Transmission" (compact requests, simple and structured replies).
#pragma once

#include "protocol/nbd/constants.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace iothreadd::nbd {

struct Request {
    std::uint16_t flags;
    std::uint16_t type; ///< a Command, or anything else a peer made up
    std::uint64_t cookie;
    std::uint64_t offset_bytes;
    std::uint32_t length_bytes;

    bool operator==(const Request &) const = default;
};

/// Nothing when the magic is wrong: the stream is out of step and the connection must end.
std::optional<Request> decode_request(std::span<const std::uint8_t, kRequestBytes> bytes);

/// What a request is judged by.
struct TransmissionRules {
    std::uint64_t size_bytes;
    bool read_only;
    bool structured; ///< structured replies were negotiated
};

/// Why a request fails; `text` goes into an error chunk.
struct Refusal {
    WireError error = NBD_SUCCESS;
    std::string_view text{};

    explicit operator bool() const { return error != NBD_SUCCESS; }
};

/// Check everything that can be checked before a buffer is allocated or a node is asked. DISC is always fine.
/// Errors: EPERM to modify a read-only export, ENOSPC to write past the end, EINVAL for the rest.
Refusal check_request(const Request &request, const TransmissionRules &rules);

/// Bytes that follow the header of `request` on the wire.
inline std::uint32_t payload_bytes(const Request &request) {
    return request.type == NBD_CMD_WRITE ? request.length_bytes : 0;
}

/// The error of a request that failed with `error_number` (a positive errno).
WireError to_wire_error(int error_number);

/// "reading from file failed" and the like, for the error chunk of a request that the node failed.
std::string_view failure_text(std::uint16_t command);

/// Room that every reply's header, or whole error chunk, fits into.
inline constexpr std::size_t kMaxReplyBytes = 96;
using ReplyBuffer = std::span<std::uint8_t, kMaxReplyBytes>;

// Each encodes at the front of `out` and returns how many bytes it took.

/// The data of a successful READ follows.
std::size_t encode_simple_reply(ReplyBuffer out, WireError error, std::uint64_t cookie);
/// One chunk with all the data of a READ, which follows. `data_bytes` > 0.
std::size_t encode_offset_data(ReplyBuffer out, std::uint64_t cookie, std::uint64_t offset_bytes,
                               std::uint32_t data_bytes);
/// An empty chunk that ends a reply.
std::size_t encode_none_chunk(ReplyBuffer out, std::uint64_t cookie);
/// `text` is cut to what fits.
std::size_t encode_error_chunk(ReplyBuffer out, std::uint64_t cookie, const Refusal &refusal);

} // namespace iothreadd::nbd
