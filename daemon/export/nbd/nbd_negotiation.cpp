// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_negotiation.hpp"

#include <algorithm>

namespace iothreadd {

using namespace nbd;

namespace {

/// What a client should prefer, unless the node needs more.
constexpr std::uint32_t kPreferredBlockBytes = 4096;

void append(ByteVector &out, const ByteVector &reply) { out.insert(out.end(), reply.begin(), reply.end()); }

void append_error(ByteVector &out, std::uint32_t option, OptionReplyType type, std::string_view text) {
    append(out, encode_option_error(option, type, text));
}

void append_unexpected_length(ByteVector &out, std::uint32_t option) {
    append_error(out, option, NBD_REP_ERR_INVALID,
                 fmt::format("option '{}' has unexpected length", option_name(option)));
}

} // namespace

std::uint16_t nbd_transmission_flags(const NbdExportInfo &info, bool structured, bool multi_conn) {
    unsigned flags = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA;
    if (info.read_only)
        flags |= NBD_FLAG_READ_ONLY;
    else
        flags |= NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_FAST_ZERO;
    if (structured)
        flags |= NBD_FLAG_SEND_DF;
    if (multi_conn)
        flags |= NBD_FLAG_CAN_MULTI_CONN;
    return static_cast<std::uint16_t>(flags);
}

std::uint16_t NbdNegotiation::flags_of(const NbdExportInfo &info) const {
    return nbd_transmission_flags(info, structured_, directory_.offers_multi_conn());
}

NbdNegotiation::Next NbdNegotiation::answer(const OptionHeader &header, ConstBytes data, ByteVector &out) {
    if (!flags_.fixed_newstyle && header.option != NBD_OPT_EXPORT_NAME)
        return Next::close; // it would not understand a reply
    switch (header.option) {
    case NBD_OPT_EXPORT_NAME:
        return export_name(data, header.length, out);
    case NBD_OPT_ABORT:
        append(out, encode_option_reply(header.option, NBD_REP_ACK));
        return Next::close;
    case NBD_OPT_LIST:
        list(header.length, out);
        break;
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        return info_or_go(header, data, out);
    case NBD_OPT_STARTTLS:
        if (header.length > 0)
            append_unexpected_length(out, header.option);
        else
            append_error(out, header.option, NBD_REP_ERR_POLICY, "TLS not configured");
        break;
    case NBD_OPT_STRUCTURED_REPLY:
        structured_reply(header.length, out);
        break;
    default:
        append_error(out, header.option, NBD_REP_ERR_UNSUP,
                     fmt::format("Unsupported option {} ({})", header.option, option_name(header.option)));
        break;
    }
    return Next::option;
}

NbdNegotiation::Next NbdNegotiation::export_name(ConstBytes name, std::uint32_t length, ByteVector &out) {
    if (length <= kMaxStringBytes)
        chosen_ = directory_.find(std::string{name.begin(), name.end()});
    if (!chosen_)
        return Next::close; // this option knows no error reply
    append(out, encode_export_name_answer(chosen_->size_bytes, flags_of(*chosen_), flags_.no_zeroes));
    return Next::transmission;
}

void NbdNegotiation::list(std::uint32_t length, ByteVector &out) const {
    if (length > 0)
        return append_unexpected_length(out, NBD_OPT_LIST);
    for (const NbdExportInfo &info : directory_.list())
        append(out, encode_server_reply(info.name, info.description));
    append(out, encode_option_reply(NBD_OPT_LIST, NBD_REP_ACK));
}

NbdNegotiation::Next NbdNegotiation::info_or_go(const OptionHeader &header, ConstBytes data,
                                                ByteVector &out) {
    const std::uint32_t option = header.option;
    const auto request = decode_info_request(option, data, header.length);
    if (!request) {
        append_error(out, option, NBD_REP_ERR_INVALID, request.error().desc);
        return Next::option;
    }
    const auto info = directory_.find(request->name);
    if (!info) {
        append_error(out, option, NBD_REP_ERR_UNKNOWN,
                     fmt::format("export '{}' not present", shorten_name(request->name)));
        return Next::option;
    }
    if (request->wants_name)
        append(out, encode_info_text(option, NBD_INFO_NAME, info->name));
    if (!info->description.empty())
        append(out, encode_info_text(option, NBD_INFO_DESCRIPTION, info->description));
    // A client that does not ask might not obey: it is served unaligned, and told so.
    const bool tell_alignment = request->wants_block_size || option == NBD_OPT_INFO;
    append(out, encode_info_block_size(option, {tell_alignment ? info->alignment_bytes : 1,
                                                std::max(kPreferredBlockBytes, info->alignment_bytes),
                                                kMaxPayloadBytes}));
    append(out, encode_info_export(option, info->size_bytes, flags_of(*info)));
    if (option == NBD_OPT_INFO && !request->wants_block_size && info->alignment_bytes > 1) {
        append_error(out, option, NBD_REP_ERR_BLOCK_SIZE_REQD,
                     "request NBD_INFO_BLOCK_SIZE to use this export");
        return Next::option;
    }
    append(out, encode_option_reply(option, NBD_REP_ACK));
    if (option == NBD_OPT_INFO)
        return Next::option;
    chosen_ = info;
    return Next::transmission;
}

void NbdNegotiation::structured_reply(std::uint32_t length, ByteVector &out) {
    if (length > 0)
        return append_unexpected_length(out, NBD_OPT_STRUCTURED_REPLY);
    if (structured_)
        return append_error(out, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ERR_INVALID,
                            "structured reply already negotiated");
    structured_ = true;
    append(out, encode_option_reply(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK));
}

} // namespace iothreadd
