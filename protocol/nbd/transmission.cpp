// SPDX-License-Identifier: Apache-2.0
#include "protocol/nbd/transmission.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace iothreadd::nbd {

using boost::endian::load_big_u16;
using boost::endian::load_big_u32;
using boost::endian::load_big_u64;
using boost::endian::store_big_u16;
using boost::endian::store_big_u32;
using boost::endian::store_big_u64;

namespace {

constexpr std::size_t kErrorChunkBytes = kChunkHeaderBytes + 6; // u32 error, u16 length of the text

bool is_known(std::uint16_t type) {
    switch (type) {
    case NBD_CMD_READ:
    case NBD_CMD_WRITE:
    case NBD_CMD_FLUSH:
    case NBD_CMD_TRIM:
    case NBD_CMD_WRITE_ZEROES:
    case NBD_CMD_BLOCK_STATUS:
        return true;
    default:
        return false;
    }
}

bool modifies(std::uint16_t type) {
    return type == NBD_CMD_WRITE || type == NBD_CMD_TRIM || type == NBD_CMD_WRITE_ZEROES;
}

std::uint16_t allowed_flags(std::uint16_t type, const TransmissionRules &rules) {
    switch (type) {
    case NBD_CMD_READ:
        return rules.structured ? NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_DF : NBD_CMD_FLAG_FUA;
    case NBD_CMD_WRITE_ZEROES:
        return NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO;
    default:
        return NBD_CMD_FLAG_FUA;
    }
}

void encode_chunk_header(ReplyBuffer out, ReplyType type, std::uint64_t cookie, std::size_t payload) {
    store_big_u32(out.data(), NBD_STRUCTURED_REPLY_MAGIC);
    store_big_u16(out.data() + 4, NBD_REPLY_FLAG_DONE);
    store_big_u16(out.data() + 6, type);
    store_big_u64(out.data() + 8, cookie);
    store_big_u32(out.data() + 16, static_cast<std::uint32_t>(payload));
}

} // namespace

std::optional<Request> decode_request(std::span<const std::uint8_t, kRequestBytes> bytes) {
    if (load_big_u32(bytes.data()) != NBD_REQUEST_MAGIC)
        return std::nullopt;
    return Request{load_big_u16(bytes.data() + 4), load_big_u16(bytes.data() + 6),
                   load_big_u64(bytes.data() + 8), load_big_u64(bytes.data() + 16),
                   load_big_u32(bytes.data() + 24)};
}

Refusal check_request(const Request &request, const TransmissionRules &rules) {
    if (request.type == NBD_CMD_DISC)
        return {};
    if (!is_known(request.type))
        return {NBD_EINVAL, "unsupported command"};
    const bool carries_data = request.type == NBD_CMD_READ || request.type == NBD_CMD_WRITE;
    if (carries_data && request.length_bytes > kMaxPayloadBytes)
        return {NBD_EINVAL, "length is larger than the maximum"};
    if (rules.read_only && modifies(request.type))
        return {NBD_EPERM, "export is read-only"};
    if (request.offset_bytes > rules.size_bytes ||
        request.length_bytes > rules.size_bytes - request.offset_bytes) {
        const bool grows = request.type == NBD_CMD_WRITE || request.type == NBD_CMD_WRITE_ZEROES;
        const bool overflows = request.offset_bytes + request.length_bytes < request.offset_bytes;
        return {grows && !overflows ? NBD_ENOSPC : NBD_EINVAL, "operation past EOF"};
    }
    if ((request.flags & ~allowed_flags(request.type, rules)) != 0)
        return {NBD_EINVAL, "unsupported flags for the command"};
    if (request.type == NBD_CMD_BLOCK_STATUS)
        return {NBD_EINVAL, "CMD_BLOCK_STATUS not negotiated"};
    return {};
}

WireError to_wire_error(int error_number) {
    switch (error_number) {
    case 0:
        return NBD_SUCCESS;
    case EPERM:
    case EROFS:
        return NBD_EPERM;
    case EIO:
        return NBD_EIO;
    case ENOMEM:
        return NBD_ENOMEM;
    case EDQUOT:
    case EFBIG:
    case ENOSPC:
        return NBD_ENOSPC;
    case EOVERFLOW:
        return NBD_EOVERFLOW;
    case EOPNOTSUPP:
        return NBD_ENOTSUP;
    case ESHUTDOWN:
        return NBD_ESHUTDOWN;
    default:
        return NBD_EINVAL;
    }
}

std::string_view failure_text(std::uint16_t command) {
    switch (command) {
    case NBD_CMD_READ:
        return "reading from file failed";
    case NBD_CMD_FLUSH:
        return "flush failed";
    case NBD_CMD_TRIM:
        return "discard failed";
    default:
        return "writing to file failed";
    }
}

std::size_t encode_simple_reply(ReplyBuffer out, WireError error, std::uint64_t cookie) {
    store_big_u32(out.data(), NBD_SIMPLE_REPLY_MAGIC);
    store_big_u32(out.data() + 4, error);
    store_big_u64(out.data() + 8, cookie);
    return kSimpleReplyBytes;
}

std::size_t encode_offset_data(ReplyBuffer out, std::uint64_t cookie, std::uint64_t offset_bytes,
                               std::uint32_t data_bytes) {
    assert(data_bytes > 0);
    encode_chunk_header(out, NBD_REPLY_TYPE_OFFSET_DATA, cookie, sizeof(offset_bytes) + data_bytes);
    store_big_u64(out.data() + kChunkHeaderBytes, offset_bytes);
    return kOffsetDataHeaderBytes;
}

std::size_t encode_none_chunk(ReplyBuffer out, std::uint64_t cookie) {
    encode_chunk_header(out, NBD_REPLY_TYPE_NONE, cookie, 0);
    return kChunkHeaderBytes;
}

std::size_t encode_error_chunk(ReplyBuffer out, std::uint64_t cookie, const Refusal &refusal) {
    const std::string_view text = refusal.text.substr(0, out.size() - kErrorChunkBytes);
    encode_chunk_header(out, NBD_REPLY_TYPE_ERROR, cookie,
                        kErrorChunkBytes - kChunkHeaderBytes + text.size());
    store_big_u32(out.data() + kChunkHeaderBytes, refusal.error);
    store_big_u16(out.data() + kChunkHeaderBytes + 4, static_cast<std::uint16_t>(text.size()));
    std::copy(text.begin(), text.end(), out.begin() + kErrorChunkBytes);
    return kErrorChunkBytes + text.size();
}

} // namespace iothreadd::nbd
