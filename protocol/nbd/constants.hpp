// SPDX-License-Identifier: Apache-2.0
//
// The numbers of the NBD protocol, spelled as its document spells them, and the limits we put on top.
//
// Source: NBD proto.md, "Values"; limits as in QEMU's server.
#pragma once

#include <cstddef>
#include <cstdint>

namespace iothreadd::nbd {

// Handshake.
inline constexpr std::uint64_t NBDMAGIC = 0x4e42444d41474943;
inline constexpr std::uint64_t IHAVEOPT = 0x49484156454f5054;
inline constexpr std::uint64_t NBD_REP_MAGIC = 0x0003e889045565a9;

inline constexpr std::uint16_t NBD_FLAG_FIXED_NEWSTYLE = 1 << 0;
inline constexpr std::uint16_t NBD_FLAG_NO_ZEROES = 1 << 1;
inline constexpr std::uint32_t NBD_FLAG_C_FIXED_NEWSTYLE = 1 << 0;
inline constexpr std::uint32_t NBD_FLAG_C_NO_ZEROES = 1 << 1;

enum Option : std::uint32_t {
    NBD_OPT_EXPORT_NAME = 1,
    NBD_OPT_ABORT = 2,
    NBD_OPT_LIST = 3,
    NBD_OPT_PEEK_EXPORT = 4,
    NBD_OPT_STARTTLS = 5,
    NBD_OPT_INFO = 6,
    NBD_OPT_GO = 7,
    NBD_OPT_STRUCTURED_REPLY = 8,
    NBD_OPT_LIST_META_CONTEXT = 9,
    NBD_OPT_SET_META_CONTEXT = 10,
    NBD_OPT_EXTENDED_HEADERS = 11,
};

enum OptionReplyType : std::uint32_t {
    NBD_REP_ACK = 1,
    NBD_REP_SERVER = 2,
    NBD_REP_INFO = 3,
    NBD_REP_ERR_UNSUP = 0x80000001,
    NBD_REP_ERR_POLICY = 0x80000002,
    NBD_REP_ERR_INVALID = 0x80000003,
    NBD_REP_ERR_UNKNOWN = 0x80000006,
    NBD_REP_ERR_BLOCK_SIZE_REQD = 0x80000008,
};

enum InfoType : std::uint16_t {
    NBD_INFO_EXPORT = 0,
    NBD_INFO_NAME = 1,
    NBD_INFO_DESCRIPTION = 2,
    NBD_INFO_BLOCK_SIZE = 3,
};

// Transmission.
inline constexpr std::uint16_t NBD_FLAG_HAS_FLAGS = 1 << 0;
inline constexpr std::uint16_t NBD_FLAG_READ_ONLY = 1 << 1;
inline constexpr std::uint16_t NBD_FLAG_SEND_FLUSH = 1 << 2;
inline constexpr std::uint16_t NBD_FLAG_SEND_FUA = 1 << 3;
inline constexpr std::uint16_t NBD_FLAG_SEND_TRIM = 1 << 5;
inline constexpr std::uint16_t NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6;
inline constexpr std::uint16_t NBD_FLAG_SEND_DF = 1 << 7;
inline constexpr std::uint16_t NBD_FLAG_CAN_MULTI_CONN = 1 << 8;
inline constexpr std::uint16_t NBD_FLAG_SEND_FAST_ZERO = 1 << 11;

inline constexpr std::uint32_t NBD_REQUEST_MAGIC = 0x25609513;
inline constexpr std::uint32_t NBD_SIMPLE_REPLY_MAGIC = 0x67446698;
inline constexpr std::uint32_t NBD_STRUCTURED_REPLY_MAGIC = 0x668e33ef;

enum Command : std::uint16_t {
    NBD_CMD_READ = 0,
    NBD_CMD_WRITE = 1,
    NBD_CMD_DISC = 2,
    NBD_CMD_FLUSH = 3,
    NBD_CMD_TRIM = 4,
    NBD_CMD_CACHE = 5,
    NBD_CMD_WRITE_ZEROES = 6,
    NBD_CMD_BLOCK_STATUS = 7,
};

inline constexpr std::uint16_t NBD_CMD_FLAG_FUA = 1 << 0;
inline constexpr std::uint16_t NBD_CMD_FLAG_NO_HOLE = 1 << 1;
inline constexpr std::uint16_t NBD_CMD_FLAG_DF = 1 << 2;
inline constexpr std::uint16_t NBD_CMD_FLAG_FAST_ZERO = 1 << 4;

inline constexpr std::uint16_t NBD_REPLY_FLAG_DONE = 1 << 0;

enum ReplyType : std::uint16_t {
    NBD_REPLY_TYPE_NONE = 0,
    NBD_REPLY_TYPE_OFFSET_DATA = 1,
    NBD_REPLY_TYPE_ERROR = 0x8001,
};

/// The error numbers of the wire; some platforms number theirs differently.
enum WireError : std::uint32_t {
    NBD_SUCCESS = 0,
    NBD_EPERM = 1,
    NBD_EIO = 5,
    NBD_ENOMEM = 12,
    NBD_EINVAL = 22,
    NBD_ENOSPC = 28,
    NBD_EOVERFLOW = 75,
    NBD_ENOTSUP = 95,
    NBD_ESHUTDOWN = 108,
};

// Sizes of what is fixed.
inline constexpr std::size_t kGreetingBytes = 18;
inline constexpr std::size_t kClientFlagsBytes = 4;
inline constexpr std::size_t kOptionHeaderBytes = 16;
inline constexpr std::size_t kOptionReplyHeaderBytes = 20;
inline constexpr std::size_t kRequestBytes = 28;
inline constexpr std::size_t kSimpleReplyBytes = 16;
inline constexpr std::size_t kChunkHeaderBytes = 20;
inline constexpr std::size_t kOffsetDataHeaderBytes = kChunkHeaderBytes + 8;

/// Longest name or description (proto.md: "should be limited to 4096 bytes").
inline constexpr std::size_t kMaxStringBytes = 4096;
/// Longest option that is read and answered; a longer one ends the connection.
inline constexpr std::uint32_t kMaxOptionBytes = 32U << 20;
/// Most bytes that one READ or WRITE carries (proto.md: clients must not expect more without being told).
inline constexpr std::uint32_t kMaxPayloadBytes = 32U << 20;

} // namespace iothreadd::nbd
