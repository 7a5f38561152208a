// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_negotiation.hpp"
#include "tests/unit/protocol_nbd/hex.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;
using namespace iothreadd::nbd;
using namespace iothreadd::test;

namespace {

using Next = NbdNegotiation::Next;

struct Directory final : NbdDirectory {
    std::vector<NbdExportInfo> infos{{"disk", "a disk", 64 << 20, 1, false, 1}, {"", "", 1024, 512, true, 2}};
    bool multi_conn = true;

    std::vector<NbdExportInfo> list() const override { return infos; }
    std::optional<NbdExportInfo> find(std::string_view name) const override {
        for (const NbdExportInfo &info : infos) {
            if (info.name == name)
                return info;
        }
        return std::nullopt;
    }
    bool offers_multi_conn() const override { return multi_conn; }
};

struct Talk {
    Directory directory;
    NbdNegotiation negotiation{directory, {true, true}};
    Next next = Next::option;

    /// The answer to one option, as hexadecimal text.
    std::string operator()(std::uint32_t option, std::string_view hex = "") {
        const ByteVector data = from_hex(hex);
        ByteVector out;
        next = negotiation.answer({option, static_cast<std::uint32_t>(data.size())}, data, out);
        return to_hex(out);
    }
};

std::string reply(std::uint32_t option, std::uint32_t type, std::string_view data = "") {
    return to_hex(encode_option_reply(option, type, from_hex(data)));
}

std::string error(std::uint32_t option, std::uint32_t type, std::string_view text) {
    return to_hex(encode_option_error(option, type, text));
}

constexpr std::string_view kDisk = "00000004 6469736b";

} // namespace

TEST_CASE("nbd negotiation: GO tells the facts and starts the transmission", "[nbd]") {
    Talk talk;
    const std::string size = reply(NBD_OPT_GO, NBD_REP_INFO, "0003 00000001 00001000 02000000");
    CHECK(talk(NBD_OPT_GO, std::string{kDisk} + "0001 0003") ==
          to_hex(encode_info_text(NBD_OPT_GO, NBD_INFO_DESCRIPTION, "a disk")) + size +
              reply(NBD_OPT_GO, NBD_REP_INFO, "0000 0000000004000000 096d") + reply(NBD_OPT_GO, NBD_REP_ACK));
    CHECK(talk.next == Next::transmission);
    CHECK(talk.negotiation.chosen().serial == 1);
    CHECK(!talk.negotiation.structured());
}

TEST_CASE("nbd negotiation: INFO tells the name when asked and goes on", "[nbd]") {
    Talk talk;
    const std::string answer = talk(NBD_OPT_INFO, std::string{kDisk} + "0002 0001 0003");
    CHECK(answer.find(to_hex(encode_info_text(NBD_OPT_INFO, NBD_INFO_NAME, "disk"))) == 0);
    CHECK(talk.next == Next::option);
    CHECK(talk(NBD_OPT_INFO, std::string{kDisk} + "0000").find("0001646973") == std::string::npos);
}

TEST_CASE("nbd negotiation: a client that does not ask for block sizes is served unaligned", "[nbd]") {
    Talk talk;
    const auto sizes = [](std::uint32_t option, std::uint32_t minimum) {
        return to_hex(encode_info_block_size(option, {minimum, 4096, 32 << 20}));
    };
    CHECK(talk(NBD_OPT_GO, "00000000 0000").find(sizes(NBD_OPT_GO, 1)) == 0);
    CHECK(talk(NBD_OPT_GO, "00000000 0001 0003").find(sizes(NBD_OPT_GO, 512)) == 0);
    const std::string answer = talk(NBD_OPT_INFO, "00000000 0000");
    CHECK(answer.find(sizes(NBD_OPT_INFO, 512)) == 0);
    const std::string required =
        error(NBD_OPT_INFO, NBD_REP_ERR_BLOCK_SIZE_REQD, "request NBD_INFO_BLOCK_SIZE to use this export");
    CHECK(answer.find(required) == answer.size() - required.size());
}

TEST_CASE("nbd negotiation: the transmission flags say what can be done", "[nbd]") {
    const Directory directory;
    const NbdExportInfo &disk = directory.infos[0];
    const NbdExportInfo &read_only = directory.infos[1];
    CHECK(nbd_transmission_flags(disk, false, true) == 0x096d);
    CHECK(nbd_transmission_flags(disk, true, true) == 0x09ed);
    CHECK(nbd_transmission_flags(disk, false, false) == 0x086d);
    CHECK(nbd_transmission_flags(read_only, false, true) == 0x010f);
    CHECK(nbd_transmission_flags(read_only, true, true) == 0x018f);
}

TEST_CASE("nbd negotiation: an unknown export is named, at most 80 bytes of it", "[nbd]") {
    Talk talk;
    CHECK(talk(NBD_OPT_GO, "00000004 6e6f7065 0000") ==
          error(NBD_OPT_GO, NBD_REP_ERR_UNKNOWN, "export 'nope' not present"));
    CHECK(talk.next == Next::option);
    std::string name;
    for (int i = 0; i < 100; ++i)
        name += "78";
    CHECK(talk(NBD_OPT_INFO, "00000064" + name + "0000") ==
          error(NBD_OPT_INFO, NBD_REP_ERR_UNKNOWN, "export '" + std::string(80, 'x') + "...' not present"));
}

TEST_CASE("nbd negotiation: what does not add up is INVALID, and the connection stays", "[nbd]") {
    Talk talk;
    CHECK(talk(NBD_OPT_GO, "00000004 6469") ==
          error(NBD_OPT_GO, NBD_REP_ERR_INVALID, "Inconsistent lengths in option go"));
    CHECK(talk(NBD_OPT_GO, std::string{kDisk} + "0000 00") ==
          error(NBD_OPT_GO, NBD_REP_ERR_INVALID, "option 'go' has unexpected length"));
    CHECK(talk(NBD_OPT_LIST, "00") ==
          error(NBD_OPT_LIST, NBD_REP_ERR_INVALID, "option 'list' has unexpected length"));
    CHECK(talk(NBD_OPT_STRUCTURED_REPLY, "00") == error(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ERR_INVALID,
                                                        "option 'structured reply' has unexpected length"));
    CHECK(talk.next == Next::option);
    CHECK(!talk.negotiation.structured());
}

TEST_CASE("nbd negotiation: LIST names every export", "[nbd]") {
    Talk talk;
    CHECK(talk(NBD_OPT_LIST) == to_hex(encode_server_reply("disk", "a disk")) +
                                    to_hex(encode_server_reply("", "")) + reply(NBD_OPT_LIST, NBD_REP_ACK));
}

TEST_CASE("nbd negotiation: structured replies are agreed on once", "[nbd]") {
    Talk talk;
    CHECK(talk(NBD_OPT_STRUCTURED_REPLY) == reply(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK));
    CHECK(talk(NBD_OPT_STRUCTURED_REPLY) ==
          error(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ERR_INVALID, "structured reply already negotiated"));
    CHECK(talk.negotiation.structured());
    CHECK(talk(NBD_OPT_GO, std::string{kDisk} + "0000").find("09ed") != std::string::npos);
}

TEST_CASE("nbd negotiation: EXPORT_NAME answers or ends", "[nbd]") {
    Talk talk;
    SECTION("known") {
        CHECK(talk(NBD_OPT_EXPORT_NAME, "6469736b") == without_blanks("0000000004000000 096d"));
        CHECK(talk.next == Next::transmission);
    }
    SECTION("unknown") {
        CHECK(talk(NBD_OPT_EXPORT_NAME, "6e6f7065").empty());
        CHECK(talk.next == Next::close);
    }
    SECTION("too long, though it begins like a known one") {
        ByteVector out;
        talk.directory.infos[0].name = std::string(kMaxStringBytes, 'n');
        const ByteVector data(kMaxStringBytes, 'n');
        CHECK(talk.negotiation.answer({NBD_OPT_EXPORT_NAME, kMaxStringBytes + 1}, data, out) == Next::close);
        CHECK(talk.negotiation.answer({NBD_OPT_EXPORT_NAME, kMaxStringBytes}, data, out) ==
              Next::transmission);
    }
}

TEST_CASE("nbd negotiation: a client without fixed newstyle knows EXPORT_NAME only", "[nbd]") {
    const Directory directory;
    NbdNegotiation old{directory, {false, false}};
    ByteVector out;
    CHECK(old.answer({NBD_OPT_LIST, 0}, {}, out) == Next::close);
    CHECK(out.empty());
    const ByteVector name = from_hex("6469736b");
    CHECK(old.answer({NBD_OPT_EXPORT_NAME, 4}, name, out) == Next::transmission);
    CHECK(out.size() == 8 + 2 + 124);
}

TEST_CASE("nbd negotiation: the other options are refused in their own words", "[nbd]") {
    Talk talk;
    CHECK(talk(NBD_OPT_STARTTLS) == error(NBD_OPT_STARTTLS, NBD_REP_ERR_POLICY, "TLS not configured"));
    CHECK(talk(NBD_OPT_STARTTLS, "00") ==
          error(NBD_OPT_STARTTLS, NBD_REP_ERR_INVALID, "option 'starttls' has unexpected length"));
    CHECK(talk(NBD_OPT_SET_META_CONTEXT, "00") ==
          error(NBD_OPT_SET_META_CONTEXT, NBD_REP_ERR_UNSUP, "Unsupported option 10 (set meta context)"));
    CHECK(talk(NBD_OPT_EXTENDED_HEADERS) ==
          error(NBD_OPT_EXTENDED_HEADERS, NBD_REP_ERR_UNSUP, "Unsupported option 11 (extended headers)"));
    CHECK(talk(4711) == error(4711, NBD_REP_ERR_UNSUP, "Unsupported option 4711 (<unknown>)"));
    CHECK(talk.next == Next::option);
    CHECK(talk(NBD_OPT_ABORT, "0102") == reply(NBD_OPT_ABORT, NBD_REP_ACK));
    CHECK(talk.next == Next::close);
}
