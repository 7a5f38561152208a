// SPDX-License-Identifier: Apache-2.0
#include "protocol/nbd/transmission.hpp"
#include "tests/unit/protocol_nbd/hex.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cerrno>

using namespace iothreadd::nbd;
using namespace iothreadd::test;

namespace {

constexpr std::uint64_t kSize = 1 << 20;
constexpr TransmissionRules kWritable{kSize, false, false};
constexpr TransmissionRules kReadOnly{kSize, true, false};
constexpr TransmissionRules kStructured{kSize, false, true};

Request request(std::uint16_t type, std::uint64_t offset, std::uint32_t length, std::uint16_t flags = 0) {
    return Request{flags, type, 1, offset, length};
}

std::optional<Request> decoded(std::string_view hex) {
    const auto bytes = from_hex(hex);
    return decode_request(std::span<const std::uint8_t, kRequestBytes>{bytes.data(), bytes.size()});
}

struct Reply {
    std::array<std::uint8_t, kMaxReplyBytes> buffer{};
    std::string hex(std::size_t bytes) const { return to_hex(std::span{buffer}.first(bytes)); }
};

} // namespace

TEST_CASE("nbd request: the fields are big-endian", "[nbd]") {
    const auto found = decoded("25609513 0015 0006 0102030405060708 1112131415161718 21222324");
    REQUIRE(found);
    CHECK(*found == Request{0x15, NBD_CMD_WRITE_ZEROES, 0x0102030405060708, 0x1112131415161718, 0x21222324});
    CHECK(!decoded("25609512 0000 0000 0000000000000001 0000000000000000 00000200"));
}

TEST_CASE("nbd request: only WRITE has a payload", "[nbd]") {
    CHECK(payload_bytes(request(NBD_CMD_WRITE, 0, 512)) == 512);
    CHECK(payload_bytes(request(NBD_CMD_WRITE_ZEROES, 0, 512)) == 0);
    CHECK(payload_bytes(request(NBD_CMD_READ, 0, 512)) == 0);
}

TEST_CASE("nbd request: what fits is accepted, length 0 included", "[nbd]") {
    const auto type = GENERATE(as<std::uint16_t>{}, NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_TRIM,
                               NBD_CMD_WRITE_ZEROES, NBD_CMD_FLUSH);
    CHECK(!check_request(request(type, 0, kSize), kWritable));
    CHECK(!check_request(request(type, kSize - 1, 1, NBD_CMD_FLAG_FUA), kWritable));
    CHECK(!check_request(request(type, kSize, 0), kWritable));
    CHECK(!check_request(request(NBD_CMD_DISC, ~0ULL, ~0U, 0xffff), kReadOnly));
}

TEST_CASE("nbd request: a read-only export is not modified", "[nbd]") {
    for (const std::uint16_t type : {NBD_CMD_WRITE, NBD_CMD_TRIM, NBD_CMD_WRITE_ZEROES})
        CHECK(check_request(request(type, 0, 512), kReadOnly).error == NBD_EPERM);
    CHECK(!check_request(request(NBD_CMD_READ, 0, 512), kReadOnly));
    CHECK(!check_request(request(NBD_CMD_FLUSH, 0, 0), kReadOnly));
}

TEST_CASE("nbd request: past the end is ENOSPC for what would grow, else EINVAL", "[nbd]") {
    const auto error = [](std::uint16_t type, std::uint64_t offset, std::uint32_t length) {
        return check_request(request(type, offset, length), kWritable).error;
    };
    CHECK(error(NBD_CMD_WRITE, kSize - 1, 2) == NBD_ENOSPC);
    CHECK(error(NBD_CMD_WRITE, kSize + 1, 0) == NBD_ENOSPC);
    CHECK(error(NBD_CMD_WRITE_ZEROES, 0, ~0U) == NBD_ENOSPC);
    CHECK(error(NBD_CMD_READ, kSize - 1, 2) == NBD_EINVAL);
    CHECK(error(NBD_CMD_TRIM, kSize, 1) == NBD_EINVAL);
    CHECK(error(NBD_CMD_BLOCK_STATUS, kSize, 1) == NBD_EINVAL);
    CHECK(error(NBD_CMD_WRITE, ~0ULL, 2) == NBD_EINVAL);
    CHECK(error(NBD_CMD_WRITE_ZEROES, ~0ULL - 3, 512) == NBD_EINVAL);
}

TEST_CASE("nbd request: 32 MiB is the most that one request carries", "[nbd]") {
    constexpr TransmissionRules large{1ULL << 40, false, false};
    CHECK(!check_request(request(NBD_CMD_READ, 0, 32 << 20), large));
    CHECK(!check_request(request(NBD_CMD_WRITE, 0, 32 << 20), large));
    CHECK(check_request(request(NBD_CMD_READ, 0, (32 << 20) + 1), large).error == NBD_EINVAL);
    CHECK(check_request(request(NBD_CMD_WRITE, 0, (32 << 20) + 1), large).error == NBD_EINVAL);
    CHECK(!check_request(request(NBD_CMD_TRIM, 0, ~0U), large));
    CHECK(!check_request(request(NBD_CMD_WRITE_ZEROES, 0, ~0U), large));
}

TEST_CASE("nbd request: a flag that does not belong to the command is refused", "[nbd]") {
    const auto error = [](std::uint16_t type, std::uint16_t flags, const TransmissionRules &rules) {
        return check_request(request(type, 0, 512, flags), rules).error;
    };
    CHECK(error(NBD_CMD_READ, NBD_CMD_FLAG_DF, kStructured) == NBD_SUCCESS);
    CHECK(error(NBD_CMD_READ, NBD_CMD_FLAG_DF, kWritable) == NBD_EINVAL);
    CHECK(error(NBD_CMD_WRITE, NBD_CMD_FLAG_DF, kStructured) == NBD_EINVAL);
    CHECK(error(NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO, kWritable) ==
          NBD_SUCCESS);
    CHECK(error(NBD_CMD_TRIM, NBD_CMD_FLAG_NO_HOLE, kWritable) == NBD_EINVAL);
    CHECK(error(NBD_CMD_READ, 0x8000, kStructured) == NBD_EINVAL);
}

TEST_CASE("nbd request: unknown commands are EINVAL, whatever they ask", "[nbd]") {
    CHECK(check_request(request(99, 0, 0), kWritable).error == NBD_EINVAL);
    CHECK(check_request(request(NBD_CMD_CACHE, 0, 512), kWritable).error == NBD_EINVAL);
    CHECK(check_request(request(0xffff, ~0ULL, ~0U, 0xffff), kReadOnly).error == NBD_EINVAL);
    CHECK(check_request(request(NBD_CMD_BLOCK_STATUS, 0, 512), kStructured).text ==
          "CMD_BLOCK_STATUS not negotiated");
}

TEST_CASE("nbd reply: every kind has the bytes of the protocol", "[nbd]") {
    Reply reply;
    CHECK(reply.hex(encode_simple_reply(reply.buffer, NBD_EPERM, 0x0102030405060708)) ==
          without_blanks("67446698 00000001 0102030405060708"));
    CHECK(reply.hex(encode_offset_data(reply.buffer, 2, 0x1000, 0x200)) ==
          without_blanks("668e33ef 0001 0001 0000000000000002 00000208 0000000000001000"));
    CHECK(reply.hex(encode_none_chunk(reply.buffer, 3)) ==
          without_blanks("668e33ef 0001 0000 0000000000000003 00000000"));
    CHECK(reply.hex(encode_error_chunk(reply.buffer, 4, {NBD_ENOSPC, "hi"})) ==
          without_blanks("668e33ef 0001 8001 0000000000000004 00000008 0000001c 0002 6869"));
}

TEST_CASE("nbd reply: an over-long error text is cut to the buffer", "[nbd]") {
    Reply reply;
    const std::string text(1000, 'x');
    const std::size_t bytes = encode_error_chunk(reply.buffer, 4, {NBD_EIO, text});
    CHECK(bytes == kMaxReplyBytes);
    CHECK(reply.hex(26) == without_blanks("668e33ef 0001 8001 0000000000000004 0000004c 00000005 0046"));
}

TEST_CASE("nbd reply: errno becomes one of the protocol's errors", "[nbd]") {
    CHECK(to_wire_error(0) == NBD_SUCCESS);
    CHECK(to_wire_error(EROFS) == NBD_EPERM);
    CHECK(to_wire_error(EIO) == NBD_EIO);
    CHECK(to_wire_error(EDQUOT) == NBD_ENOSPC);
    CHECK(to_wire_error(EFBIG) == NBD_ENOSPC);
    CHECK(to_wire_error(EOPNOTSUPP) == NBD_ENOTSUP);
    CHECK(to_wire_error(ENXIO) == NBD_EINVAL);
    CHECK(to_wire_error(ESHUTDOWN) == NBD_ESHUTDOWN);
}
