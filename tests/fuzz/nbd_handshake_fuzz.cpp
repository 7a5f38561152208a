// SPDX-License-Identifier: Apache-2.0
//
// The NBD codecs: a client's flags, its options and then its requests, as a server reads them.
//
// Input: letters about the export (r: read-only, s: structured replies, k: a size of 64 KiB instead of the
// largest there is), then what the client sends.
#include "protocol/nbd/handshake.hpp"
#include "protocol/nbd/transmission.hpp"

#include "fuzz_check.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <string>

using namespace iothreadd;
using namespace iothreadd::nbd;
using boost::endian::load_big_u32;
using boost::endian::load_big_u64;
using fuzz::check;

namespace {

constexpr std::size_t kMaxTextBytes = 1024; ///< of an error reply; a client may refuse longer ones

/// Takes bytes from the front of what the client sent.
class Stream {
public:
    explicit Stream(ConstBytes bytes) : rest_(bytes) {}

    bool has(std::size_t bytes) const { return rest_.size() >= bytes; }
    ConstBytes take(std::size_t bytes) {
        const ConstBytes taken = rest_.first(std::min(bytes, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    template <std::size_t N>
    std::span<const std::uint8_t, N> take_header() {
        return std::span<const std::uint8_t, N>(take(N).data(), N);
    }

private:
    ConstBytes rest_;
};

/// A reply to an option says how long it is.
void check_option_reply(const ByteVector &reply, std::uint32_t option, std::uint32_t type) {
    check(reply.size() >= kOptionReplyHeaderBytes, "a reply has a header");
    check(load_big_u64(reply.data()) == NBD_REP_MAGIC, "a reply has its magic number");
    check(load_big_u32(reply.data() + 8) == option, "a reply repeats the option");
    check(load_big_u32(reply.data() + 12) == type, "a reply has its type");
    check(load_big_u32(reply.data() + 16) == reply.size() - kOptionReplyHeaderBytes,
          "a reply has its length");
}

void check_info_request(std::uint32_t option, ConstBytes data, std::uint32_t length) {
    const auto request = decode_info_request(option, data, length);
    if (request.has_error()) {
        const std::string &text = request.error().desc;
        check(!text.empty() && text.size() <= kMaxTextBytes, "the text of an error is bounded", text);
        return check_option_reply(encode_option_error(option, NBD_REP_ERR_INVALID, text), option,
                                  NBD_REP_ERR_INVALID);
    }
    check(length == data.size(), "an option is read to its end");
    check(request->name.size() <= kMaxStringBytes, "a name is bounded");
    check(request->name.find('\0') == std::string::npos, "a name has no NUL");
    check(data.size() >= 6 + request->name.size() && (data.size() - request->name.size()) % 2 == 0,
          "an option has its name and pairs of bytes");
    check(shorten_name(request->name).size() <= 83, "a name in a text is short");
    check_option_reply(encode_server_reply(request->name, "disk"), NBD_OPT_LIST, NBD_REP_SERVER);
    check_option_reply(encode_info_text(option, NBD_INFO_NAME, request->name), option, NBD_REP_INFO);
    check_option_reply(encode_info_export(option, 1U << 20, 0), option, NBD_REP_INFO);
    check_option_reply(encode_info_block_size(option, {1, 4096, kMaxPayloadBytes}), option, NBD_REP_INFO);
}

/// What the rules say must not be done is not allowed.
void check_allowed(const Request &request, const TransmissionRules &rules) {
    if (request.type == NBD_CMD_DISC)
        return;
    check(request.offset_bytes <= rules.size_bytes &&
              request.length_bytes <= rules.size_bytes - request.offset_bytes,
          "a request is inside the export");
    const bool reads = request.type == NBD_CMD_READ || request.type == NBD_CMD_FLUSH;
    check(reads || !rules.read_only, "a read-only export is not changed");
    check(payload_bytes(request) <= kMaxPayloadBytes, "a payload is bounded");
    check(request.type != NBD_CMD_READ || request.length_bytes <= kMaxPayloadBytes, "an answer is bounded");
    check((request.flags & NBD_CMD_FLAG_DF) == 0 || rules.structured, "DF belongs to structured replies");
}

void check_replies(const Request &request, const Refusal &refusal) {
    std::array<std::uint8_t, kMaxReplyBytes> buffer{};
    check(encode_simple_reply(buffer, refusal.error, request.cookie) == kSimpleReplyBytes, "a simple reply");
    check(load_big_u64(buffer.data() + 8) == request.cookie, "a reply has the cookie");
    const std::size_t bytes = encode_error_chunk(buffer, request.cookie, refusal);
    check(bytes <= kMaxReplyBytes, "an error chunk fits");
    check(load_big_u32(buffer.data() + 16) == bytes - kChunkHeaderBytes, "a chunk has its length");
    check(encode_none_chunk(buffer, request.cookie) == kChunkHeaderBytes, "an empty chunk");
    if (request.type == NBD_CMD_READ && request.length_bytes > 0 && !refusal) {
        check(encode_offset_data(buffer, request.cookie, request.offset_bytes, request.length_bytes) ==
                  kOffsetDataHeaderBytes,
              "a chunk of data");
        check(load_big_u32(buffer.data() + 16) == request.length_bytes + 8, "a chunk of data has its length");
    }
}

void serve_requests(Stream &stream, const TransmissionRules &rules) {
    while (stream.has(kRequestBytes)) {
        const auto request = decode_request(stream.take_header<kRequestBytes>());
        if (!request)
            return;
        const Refusal refusal = check_request(*request, rules);
        check(static_cast<bool>(refusal) == !refusal.text.empty(), "a refusal has a text");
        if (!refusal)
            check_allowed(*request, rules);
        check_replies(*request, refusal);
        if (request->type == NBD_CMD_DISC)
            return;
        stream.take(payload_bytes(*request));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const auto [letters, bytes] = fuzz::split_input(data, size);
    const auto has = [&](char letter) { return letters.find(letter) != std::string_view::npos; };
    const TransmissionRules rules{has('k') ? 1ULL << 16 : 1ULL << 63, has('r'), has('s')};

    Stream stream{{reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()}};
    if (!stream.has(kClientFlagsBytes))
        return 0;
    const auto flags = decode_client_flags(stream.take_header<kClientFlagsBytes>());
    if (!flags)
        return 0;
    while (stream.has(kOptionHeaderBytes)) {
        const auto header = decode_option_header(stream.take_header<kOptionHeaderBytes>());
        if (!header || header->length > kMaxOptionBytes)
            return 0;
        const std::size_t wanted = std::min<std::size_t>(header->length, kMaxInfoRequestBytes);
        if (!stream.has(wanted))
            return 0;
        const ConstBytes content = stream.take(wanted);
        stream.take(header->length - wanted);
        check(!option_name(header->option).empty(), "an option has a name");
        if (header->option == NBD_OPT_EXPORT_NAME) {
            const auto answer = encode_export_name_answer(rules.size_bytes, 0, flags->no_zeroes);
            check(answer.size() == (flags->no_zeroes ? 10U : 134U), "the answer to EXPORT_NAME has its size");
            break;
        }
        check_info_request(header->option, content, header->length);
        if (header->option == NBD_OPT_GO)
            break;
    }
    serve_requests(stream, rules);
    return 0;
}
