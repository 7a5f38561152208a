// SPDX-License-Identifier: Apache-2.0
#include "protocol/nbd/handshake.hpp"
#include "tests/unit/protocol_nbd/hex.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace iothreadd;
using namespace iothreadd::nbd;
using namespace iothreadd::test;

namespace {

std::optional<ClientFlags> client_flags(std::string_view hex) {
    const auto bytes = from_hex(hex);
    return decode_client_flags(std::span<const std::uint8_t, kClientFlagsBytes>{bytes.data(), bytes.size()});
}

std::optional<OptionHeader> option_header(std::string_view hex) {
    const auto bytes = from_hex(hex);
    return decode_option_header(
        std::span<const std::uint8_t, kOptionHeaderBytes>{bytes.data(), bytes.size()});
}

Result<InfoRequest> info_request(const ByteVector &data) {
    const std::size_t seen = std::min(data.size(), kMaxInfoRequestBytes);
    return decode_info_request(NBD_OPT_GO, ConstBytes{data}.first(seen),
                               static_cast<std::uint32_t>(data.size()));
}

} // namespace

TEST_CASE("nbd handshake: the greeting offers fixed newstyle and no zeroes", "[nbd]") {
    CHECK(to_hex(encode_greeting()) == "4e42444d4147494349484156454f50540003");
}

TEST_CASE("nbd handshake: client flags that we do not know end the connection", "[nbd]") {
    REQUIRE(client_flags("00000003"));
    CHECK(client_flags("00000003")->fixed_newstyle);
    CHECK(client_flags("00000003")->no_zeroes);
    CHECK(client_flags("00000001")->fixed_newstyle);
    CHECK(!client_flags("00000001")->no_zeroes);
    CHECK(!client_flags("00000000")->fixed_newstyle);
    CHECK(!client_flags("00000004"));
    CHECK(!client_flags("80000003"));
}

TEST_CASE("nbd handshake: an option header needs its magic", "[nbd]") {
    const auto header = option_header("49484156454f5054 00000007 fffffffe");
    REQUIRE(header);
    CHECK(header->option == NBD_OPT_GO);
    CHECK(header->length == 0xfffffffe);
    CHECK(!option_header("49484156454f5055 00000007 00000000"));
}

TEST_CASE("nbd handshake: an info request is decoded", "[nbd]") {
    const auto request = info_request(from_hex("00000004 6469736b 0003 0003 0001 0002"));
    REQUIRE(request.has_value());
    CHECK(request->name == "disk");
    CHECK(request->wants_name);
    CHECK(request->wants_block_size);

    SECTION("an empty name and no wishes") {
        const auto plain = info_request(from_hex("00000000 0000"));
        REQUIRE(plain.has_value());
        CHECK(plain->name.empty());
        CHECK(!plain->wants_name);
        CHECK(!plain->wants_block_size);
    }
    SECTION("unknown and repeated wishes are ignored") {
        const auto odd = info_request(from_hex("00000000 0003 ffff 0003 0003"));
        REQUIRE(odd.has_value());
        CHECK(odd->wants_block_size);
    }
}

TEST_CASE("nbd handshake: every prefix of an info request is inconsistent", "[nbd]") {
    const ByteVector whole = from_hex("00000004 6469736b 0003 0003 0001 0002");
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        const auto request =
            info_request(ByteVector{whole.begin(), whole.begin() + static_cast<long>(bytes)});
        INFO("prefix of " << bytes);
        REQUIRE(request.has_error());
        CHECK(request.error().desc == "Inconsistent lengths in option go");
    }
}

TEST_CASE("nbd handshake: an info request that does not add up is named", "[nbd]") {
    const auto error = [](const ByteVector &data) { return info_request(data).error().desc; };
    CHECK(error(from_hex("00000000 0000 00")) == "option 'go' has unexpected length");
    CHECK(error(from_hex("ffffffff 0000")) == "Inconsistent lengths in option go");
    CHECK(error(from_hex("00000003 610062 0000")) == "Unexpected embedded NUL in option go");

    ByteVector name_of_5000(4 + 5000 + 2, 'x');
    name_of_5000[0] = name_of_5000[1] = 0;
    name_of_5000[2] = 5000 >> 8;
    name_of_5000[3] = 5000 & 0xff;
    CHECK(error(name_of_5000) == "Invalid name length: 5000");

    ByteVector longest(kMaxInfoRequestBytes, 'x');
    longest[0] = longest[1] = longest[3] = 0;
    longest[2] = 4096 >> 8;
    longest[4 + 4096] = longest[4 + 4096 + 1] = 0xff;
    CHECK(info_request(longest).has_value());
    longest.push_back(0);
    CHECK(error(longest) == "option 'go' has unexpected length");
    CHECK(decode_info_request(NBD_OPT_INFO, from_hex("0000"), 2).error().desc ==
          "Inconsistent lengths in option info");
}

TEST_CASE("nbd handshake: option replies have the bytes of the protocol", "[nbd]") {
    CHECK(to_hex(encode_option_reply(NBD_OPT_GO, NBD_REP_ACK)) ==
          without_blanks("0003e889045565a9 00000007 00000001 00000000"));
    CHECK(to_hex(encode_option_error(NBD_OPT_STARTTLS, NBD_REP_ERR_POLICY, "no")) ==
          without_blanks("0003e889045565a9 00000005 80000002 00000002 6e6f"));
    CHECK(to_hex(encode_server_reply("ab", "c")) ==
          without_blanks("0003e889045565a9 00000003 00000002 00000007 00000002 6162 63"));
    CHECK(to_hex(encode_info_export(NBD_OPT_GO, 64 << 20, 0x0d6d)) ==
          without_blanks("0003e889045565a9 00000007 00000003 0000000c 0000 0000000004000000 0d6d"));
    CHECK(to_hex(encode_info_text(NBD_OPT_INFO, NBD_INFO_NAME, "x")) ==
          without_blanks("0003e889045565a9 00000006 00000003 00000003 0001 78"));
    CHECK(to_hex(encode_info_block_size(NBD_OPT_INFO, {512, 4096, 32 << 20})) ==
          without_blanks("0003e889045565a9 00000006 00000003 0000000e 0003 00000200 00001000 02000000"));
}

TEST_CASE("nbd handshake: the answer to EXPORT_NAME is padded unless both sides agreed", "[nbd]") {
    CHECK(to_hex(encode_export_name_answer(64 << 20, 0x0d6d, true)) ==
          without_blanks("0000000004000000 0d6d"));
    const auto padded = encode_export_name_answer(64 << 20, 0x0d6d, false);
    REQUIRE(padded.size() == 134);
    CHECK(std::all_of(padded.begin() + 10, padded.end(), [](std::uint8_t byte) { return byte == 0; }));
}

TEST_CASE("nbd handshake: a long name is shortened for an error text", "[nbd]") {
    CHECK(shorten_name("short") == "short");
    CHECK(shorten_name(std::string(79, 'n')) == std::string(79, 'n'));
    CHECK(shorten_name(std::string(4096, 'n')) == std::string(80, 'n') + "...");
}
