// SPDX-License-Identifier: Apache-2.0
//
// The fixed newstyle handshake of NBD as values: what a client sends is decoded, what the server answers is
// encoded. Order, state and sockets are the caller's.
//
// Thread: any.  Source: NBD proto.md, "Fixed newstyle negotiation" and "Option types".
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/nbd/constants.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::nbd {

using ConstBytes = std::span<const std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;

/// The first bytes of a server.
std::array<std::uint8_t, kGreetingBytes> encode_greeting();

struct ClientFlags {
    bool fixed_newstyle;
    bool no_zeroes;
};

/// Nothing when a flag is set that we do not know: the connection must end.
std::optional<ClientFlags> decode_client_flags(std::span<const std::uint8_t, kClientFlagsBytes> bytes);

struct OptionHeader {
    std::uint32_t option;
    std::uint32_t length; ///< bytes of data that follow; may be anything
};

/// Nothing when the magic is wrong: the stream is out of step.
std::optional<OptionHeader> decode_option_header(std::span<const std::uint8_t, kOptionHeaderBytes> bytes);

/// "go", "structured reply", …; "<unknown>" for the others. Used in the texts of error replies.
std::string_view option_name(std::uint32_t option);

/// The data of NBD_OPT_INFO and NBD_OPT_GO.
struct InfoRequest {
    std::string name;
    bool wants_name = false;
    bool wants_block_size = false;
};

/// Most bytes a well-formed INFO or GO has: name, number and every possible information request.
inline constexpr std::size_t kMaxInfoRequestBytes = 4 + kMaxStringBytes + 2 + 2 * 0xffff;

/// Shape:  `data` is the option's data, or its first kMaxInfoRequestBytes when `length`, the announced size,
/// is more. Errors: the text of an NBD_REP_ERR_INVALID reply.
Result<InfoRequest> decode_info_request(std::uint32_t option, ConstBytes data, std::uint32_t length);

/// A name as an error text shows it: at most 80 bytes.
std::string shorten_name(std::string_view name);

// Replies to options, header included.
ByteVector encode_option_reply(std::uint32_t option, std::uint32_t type, ConstBytes data = {});
ByteVector encode_option_error(std::uint32_t option, std::uint32_t type, std::string_view text);
ByteVector encode_server_reply(std::string_view name, std::string_view description);
ByteVector encode_info_export(std::uint32_t option, std::uint64_t size_bytes, std::uint16_t flags);
ByteVector encode_info_text(std::uint32_t option, InfoType type, std::string_view text);

struct BlockSizes {
    std::uint32_t minimum_bytes;
    std::uint32_t preferred_bytes;
    std::uint32_t maximum_bytes;
};
ByteVector encode_info_block_size(std::uint32_t option, const BlockSizes &sizes);

/// The answer to NBD_OPT_EXPORT_NAME, which has no header.
ByteVector encode_export_name_answer(std::uint64_t size_bytes, std::uint16_t flags, bool no_zeroes);

} // namespace iothreadd::nbd
