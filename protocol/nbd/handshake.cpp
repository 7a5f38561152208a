// SPDX-License-Identifier: Apache-2.0
#include "protocol/nbd/handshake.hpp"

#include <boost/endian/conversion.hpp>

namespace iothreadd::nbd {

using boost::endian::load_big_u16;
using boost::endian::load_big_u32;
using boost::endian::load_big_u64;
using boost::endian::store_big_u16;
using boost::endian::store_big_u32;
using boost::endian::store_big_u64;

namespace {

void append_u16(ByteVector &out, std::uint16_t value) {
    out.resize(out.size() + 2);
    store_big_u16(out.data() + out.size() - 2, value);
}

void append_u32(ByteVector &out, std::uint32_t value) {
    out.resize(out.size() + 4);
    store_big_u32(out.data() + out.size() - 4, value);
}

void append_u64(ByteVector &out, std::uint64_t value) {
    out.resize(out.size() + 8);
    store_big_u64(out.data() + out.size() - 8, value);
}

void append_text(ByteVector &out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

/// Takes big-endian fields from the front of `rest`; `good` turns false at the first field that is not all
/// there.
struct FieldReader {
    ConstBytes rest;
    bool good = true;

    ConstBytes take(std::size_t bytes) {
        if (!good || rest.size() < bytes) {
            good = false;
            return {};
        }
        const ConstBytes field = rest.first(bytes);
        rest = rest.subspan(bytes);
        return field;
    }
    std::uint32_t u32() {
        const ConstBytes field = take(4);
        return good ? load_big_u32(field.data()) : 0;
    }
    std::uint16_t u16() {
        const ConstBytes field = take(2);
        return good ? load_big_u16(field.data()) : std::uint16_t{0};
    }
};

} // namespace

std::array<std::uint8_t, kGreetingBytes> encode_greeting() {
    std::array<std::uint8_t, kGreetingBytes> out{};
    store_big_u64(out.data(), NBDMAGIC);
    store_big_u64(out.data() + 8, IHAVEOPT);
    store_big_u16(out.data() + 16, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
    return out;
}

std::optional<ClientFlags> decode_client_flags(std::span<const std::uint8_t, kClientFlagsBytes> bytes) {
    const std::uint32_t flags = load_big_u32(bytes.data());
    if ((flags & ~(NBD_FLAG_C_FIXED_NEWSTYLE | NBD_FLAG_C_NO_ZEROES)) != 0)
        return std::nullopt;
    return ClientFlags{(flags & NBD_FLAG_C_FIXED_NEWSTYLE) != 0, (flags & NBD_FLAG_C_NO_ZEROES) != 0};
}

std::optional<OptionHeader> decode_option_header(std::span<const std::uint8_t, kOptionHeaderBytes> bytes) {
    if (load_big_u64(bytes.data()) != IHAVEOPT)
        return std::nullopt;
    return OptionHeader{load_big_u32(bytes.data() + 8), load_big_u32(bytes.data() + 12)};
}

std::string_view option_name(std::uint32_t option) {
    switch (option) {
    case NBD_OPT_EXPORT_NAME:
        return "export name";
    case NBD_OPT_ABORT:
        return "abort";
    case NBD_OPT_LIST:
        return "list";
    case NBD_OPT_PEEK_EXPORT:
        return "peek export";
    case NBD_OPT_STARTTLS:
        return "starttls";
    case NBD_OPT_INFO:
        return "info";
    case NBD_OPT_GO:
        return "go";
    case NBD_OPT_STRUCTURED_REPLY:
        return "structured reply";
    case NBD_OPT_LIST_META_CONTEXT:
        return "list meta context";
    case NBD_OPT_SET_META_CONTEXT:
        return "set meta context";
    case NBD_OPT_EXTENDED_HEADERS:
        return "extended headers";
    default:
        return "<unknown>";
    }
}

Result<InfoRequest> decode_info_request(std::uint32_t option, ConstBytes data, std::uint32_t length) {
    const auto inconsistent = [&] {
        return generic_error("Inconsistent lengths in option {}", option_name(option));
    };
    FieldReader reader{data};
    InfoRequest request;

    const std::uint32_t name_bytes = reader.u32();
    if (!reader.good || name_bytes > length - 4)
        return inconsistent();
    if (name_bytes > kMaxStringBytes)
        return generic_error("Invalid name length: {}", name_bytes);
    const ConstBytes name = reader.take(name_bytes);
    request.name.assign(name.begin(), name.end());
    if (request.name.find('\0') != std::string::npos)
        return generic_error("Unexpected embedded NUL in option {}", option_name(option));

    const std::uint16_t count = reader.u16();
    for (std::uint32_t i = 0; i < count && reader.good; ++i) {
        const std::uint16_t info = reader.u16();
        request.wants_name |= reader.good && info == NBD_INFO_NAME;
        request.wants_block_size |= reader.good && info == NBD_INFO_BLOCK_SIZE;
    }
    if (!reader.good)
        return inconsistent();
    if (!reader.rest.empty() || length > data.size())
        return generic_error("option '{}' has unexpected length", option_name(option));
    return request;
}

std::string shorten_name(std::string_view name) {
    constexpr std::size_t kShownBytes = 80;
    return name.size() < kShownBytes ? std::string{name} : std::string{name.substr(0, kShownBytes)} + "...";
}

ByteVector encode_option_reply(std::uint32_t option, std::uint32_t type, ConstBytes data) {
    ByteVector out;
    out.reserve(kOptionReplyHeaderBytes + data.size());
    append_u64(out, NBD_REP_MAGIC);
    append_u32(out, option);
    append_u32(out, type);
    append_u32(out, static_cast<std::uint32_t>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

ByteVector encode_option_error(std::uint32_t option, std::uint32_t type, std::string_view text) {
    return encode_option_reply(option, type, ByteVector{text.begin(), text.end()});
}

ByteVector encode_server_reply(std::string_view name, std::string_view description) {
    ByteVector data;
    append_u32(data, static_cast<std::uint32_t>(name.size()));
    append_text(data, name);
    append_text(data, description);
    return encode_option_reply(NBD_OPT_LIST, NBD_REP_SERVER, data);
}

ByteVector encode_info_export(std::uint32_t option, std::uint64_t size_bytes, std::uint16_t flags) {
    ByteVector data;
    append_u16(data, NBD_INFO_EXPORT);
    append_u64(data, size_bytes);
    append_u16(data, flags);
    return encode_option_reply(option, NBD_REP_INFO, data);
}

ByteVector encode_info_text(std::uint32_t option, InfoType type, std::string_view text) {
    ByteVector data;
    append_u16(data, type);
    append_text(data, text);
    return encode_option_reply(option, NBD_REP_INFO, data);
}

ByteVector encode_info_block_size(std::uint32_t option, const BlockSizes &sizes) {
    ByteVector data;
    append_u16(data, NBD_INFO_BLOCK_SIZE);
    append_u32(data, sizes.minimum_bytes);
    append_u32(data, sizes.preferred_bytes);
    append_u32(data, sizes.maximum_bytes);
    return encode_option_reply(option, NBD_REP_INFO, data);
}

ByteVector encode_export_name_answer(std::uint64_t size_bytes, std::uint16_t flags, bool no_zeroes) {
    constexpr std::size_t kZeroBytes = 124;
    ByteVector out;
    append_u64(out, size_bytes);
    append_u16(out, flags);
    if (!no_zeroes)
        out.resize(out.size() + kZeroBytes);
    return out;
}

} // namespace iothreadd::nbd
