// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/export/transmission_fixture.hpp"

using namespace iothreadd;
using namespace iothreadd::nbd;
using namespace iothreadd::test;

using Options = TransmissionFixture::Options;
using Bytes = NbdClient::Bytes;

namespace {

FdMonitorKind both_monitors() { return GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll); }

std::string chunk_hex(std::uint16_t type, std::uint64_t cookie, const std::string &payload) {
    return fmt::format("668e33ef0001{:04x}{:016x}{:08x}{}", type, cookie, payload.size() / 2, payload);
}

std::string error_chunk_hex(std::uint64_t cookie, std::uint32_t error, std::string_view text) {
    const std::vector<std::uint8_t> bytes{text.begin(), text.end()};
    return chunk_hex(0x8001, cookie, fmt::format("{:08x}{:04x}{}", error, text.size(), to_hex(bytes)));
}

} // namespace

TEST_CASE("NbdTransmission: every command reaches the node and is answered", "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = both_monitors()}};
    const Bytes data(4096, 0xab);

    REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 8192, 4096, NBD_CMD_FLAG_FUA, data));
    CHECK(nbd.simple_reply() == simple_reply_hex(1));
    CHECK(nbd.node.bytes[8191] == 0);
    CHECK(nbd.node.bytes[8192] == 0xab);
    CHECK(nbd.node.seen.back().fua);

    REQUIRE(nbd.request(NBD_CMD_READ, 2, 8192, 4096));
    CHECK(nbd.simple_reply() == simple_reply_hex(2));
    CHECK(nbd.client->receive(4096) == data);

    REQUIRE(nbd.request(NBD_CMD_FLUSH, 3, 0, 0));
    CHECK(nbd.simple_reply() == simple_reply_hex(3));
    CHECK(nbd.node.seen.back().op == BlockOp::flush);

    REQUIRE(nbd.request(NBD_CMD_TRIM, 4, 8192, 512));
    CHECK(nbd.simple_reply() == simple_reply_hex(4));
    CHECK(nbd.node.seen.back().op == BlockOp::discard);
    CHECK(nbd.node.seen.back().bytes == 512);

    REQUIRE(nbd.request(NBD_CMD_WRITE_ZEROES, 5, 8192, 4096, NBD_CMD_FLAG_FAST_ZERO));
    CHECK(nbd.simple_reply() == simple_reply_hex(5));
    CHECK(nbd.node.seen.back().op == BlockOp::write_zeroes);
    CHECK(nbd.node.seen.back().may_unmap);
    CHECK(nbd.node.seen.back().no_fallback);
    CHECK(nbd.node.bytes[12287] == 0);

    REQUIRE(nbd.request(NBD_CMD_WRITE_ZEROES, 6, 0, 512, NBD_CMD_FLAG_NO_HOLE));
    CHECK(nbd.simple_reply() == simple_reply_hex(6));
    CHECK(!nbd.node.seen.back().may_unmap);
    CHECK(!nbd.node.seen.back().no_fallback);
    CHECK(!nbd.node.seen.back().fua);

    REQUIRE(nbd.request(NBD_CMD_DISC, 7, 0, 0));
    CHECK(nbd.client->hung_up());
    nbd.client->close();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: structured replies", "[nbd]") {
    TransmissionFixture nbd{Options{.structured = true}};
    nbd.node.bytes[512] = 0x77;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 512, 2, NBD_CMD_FLAG_DF));
    CHECK(nbd.client->receive_hex(20 + 8 + 2) == chunk_hex(1, 1, "00000000000002007700"));
    REQUIRE(nbd.request(NBD_CMD_READ, 2, 512, 0));
    CHECK(nbd.client->receive_hex(20) == chunk_hex(0, 2, ""));
    REQUIRE(nbd.request(NBD_CMD_FLUSH, 3, 0, 0));
    CHECK(nbd.simple_reply() == simple_reply_hex(3));

    const std::string refused = error_chunk_hex(4, NBD_EINVAL, "operation past EOF");
    REQUIRE(nbd.request(NBD_CMD_READ, 4, TransmissionFixture::kSize, 1));
    CHECK(nbd.client->receive_hex(refused.size() / 2) == refused);

    nbd.node.result = -EIO;
    const std::string failed = error_chunk_hex(5, NBD_EIO, "reading from file failed");
    REQUIRE(nbd.request(NBD_CMD_READ, 5, 0, 512));
    CHECK(nbd.client->receive_hex(failed.size() / 2) == failed);
    nbd.node.result = 0;
    REQUIRE(nbd.request(NBD_CMD_READ, 6, 512, 1));
    CHECK(nbd.client->receive_hex(20 + 8 + 1) == chunk_hex(1, 6, "000000000000020077"));
}

TEST_CASE("NbdTransmission: an error of the node is mapped, and the connection goes on", "[nbd]") {
    TransmissionFixture nbd;
    const auto [result, error] = GENERATE(table<int, std::uint32_t>({{-EIO, NBD_EIO},
                                                                     {-EROFS, NBD_EPERM},
                                                                     {-EDQUOT, NBD_ENOSPC},
                                                                     {-EOPNOTSUPP, NBD_ENOTSUP},
                                                                     {-ENXIO, NBD_EINVAL}}));
    nbd.node.result = result;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512)); // no data follows
    REQUIRE(nbd.request(NBD_CMD_FLUSH, 2, 0, 0));
    CHECK(nbd.simple_reply() == simple_reply_hex(1, error));
    CHECK(nbd.simple_reply() == simple_reply_hex(2, error));
}

TEST_CASE("NbdTransmission: a request may come byte by byte", "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = both_monitors()}};
    auto bytes =
        from_hex(request_hex(NBD_CMD_WRITE, 1, 512, 3) + "a1a2a3" + request_hex(NBD_CMD_FLUSH, 2, 0, 0));
    for (const std::uint8_t byte : bytes) {
        REQUIRE(nbd.client->send({byte}));
        nbd.step();
    }
    CHECK(nbd.client->receive_hex(32) == simple_reply_hex(1) + simple_reply_hex(2));
    CHECK(nbd.node.bytes[514] == 0xa3);
}

TEST_CASE("NbdTransmission: a client that leaves at any byte leaves nothing behind", "[nbd]") {
    const auto whole = from_hex(request_hex(NBD_CMD_WRITE, 1, 512, 3) + "a1a2a3");
    for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
        TransmissionFixture nbd;
        REQUIRE(nbd.client->send({whole.begin(), whole.begin() + static_cast<long>(bytes)}));
        nbd.client->close();
        CHECK(nbd.wait_until([&] { return nbd.ended; }));
        CHECK(nbd.node.seen.size() == (bytes == whole.size() ? 1 : 0));
    }
}

TEST_CASE("NbdTransmission: more requests than slots wait their turn", "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = both_monitors()}};
    nbd.node.hold = true;
    std::string requests;
    for (std::uint64_t i = 0; i < 40; ++i)
        requests += request_hex(NBD_CMD_WRITE, i, i * 512, 2) + fmt::format("{:04x}", i);
    REQUIRE(nbd.client->send_hex(requests));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == kNbdSlots; }));
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(nbd.node.held.size() == kNbdSlots);

    nbd.node.release(1);
    CHECK(nbd.simple_reply() == simple_reply_hex(0));
    CHECK(nbd.wait_until([&] { return nbd.node.seen.size() == kNbdSlots + 1; }));
    nbd.node.hold = false;
    nbd.node.release();
    for (std::uint64_t i = 1; i < 40; ++i)
        CHECK(nbd.simple_reply() == simple_reply_hex(i));
    CHECK(nbd.node.bytes[39 * 512 + 1] == 39);
}

TEST_CASE("NbdTransmission: what is answered first is sent first", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512));
    REQUIRE(nbd.request(NBD_CMD_READ, 2, 0, 0)); // needs no node
    CHECK(nbd.simple_reply() == simple_reply_hex(2));
    nbd.node.release();
    CHECK(nbd.simple_reply() == simple_reply_hex(1));
}

TEST_CASE("NbdTransmission: a wrong magic ends the connection at once", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    REQUIRE(nbd.client->send_hex("deadbeef" + std::string(48, '0')));
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(!nbd.ended); // the node still has the buffer
    nbd.node.release();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
    CHECK(nbd.node.seen.size() == 1);
}

TEST_CASE("NbdTransmission: refusals keep the stream in step", "[nbd]") {
    SECTION("on a read-only export") {
        TransmissionFixture nbd{Options{.read_only = true}};
        REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 0, 3, 0, {1, 2, 3}));
        REQUIRE(nbd.request(NBD_CMD_TRIM, 2, 0, 512));
        REQUIRE(nbd.request(NBD_CMD_READ, 3, 0, 1));
        CHECK(nbd.simple_reply() == simple_reply_hex(1, NBD_EPERM));
        CHECK(nbd.simple_reply() == simple_reply_hex(2, NBD_EPERM));
        CHECK(nbd.client->receive_hex(17) == simple_reply_hex(3) + "00");
    }
    SECTION("past the end") {
        TransmissionFixture nbd;
        REQUIRE(nbd.request(NBD_CMD_WRITE, 1, nbd.kSize - 1, 30000, 0, Bytes(30000)));
        REQUIRE(nbd.request(NBD_CMD_WRITE_ZEROES, 2, nbd.kSize, 512));
        REQUIRE(nbd.request(NBD_CMD_TRIM, 3, nbd.kSize, 512));
        REQUIRE(nbd.request(NBD_CMD_READ, 4, ~0ULL, 512));
        for (const auto &[cookie, error] :
             {std::pair{1, NBD_ENOSPC}, {2, NBD_ENOSPC}, {3, NBD_EINVAL}, {4, NBD_EINVAL}})
            CHECK(nbd.simple_reply() == simple_reply_hex(static_cast<std::uint64_t>(cookie), error));
        CHECK(nbd.node.seen.empty());
    }
    SECTION("unknown commands and flags") {
        TransmissionFixture nbd;
        REQUIRE(nbd.request(99, 1, 0, 512));
        REQUIRE(nbd.request(NBD_CMD_BLOCK_STATUS, 2, 0, 512));
        REQUIRE(nbd.request(NBD_CMD_READ, 3, 0, 512, NBD_CMD_FLAG_DF));
        for (std::uint64_t cookie = 1; cookie <= 3; ++cookie)
            CHECK(nbd.simple_reply() == simple_reply_hex(cookie, NBD_EINVAL));
    }
}

TEST_CASE("NbdTransmission: nothing to do is done without the node", "[nbd]") {
    TransmissionFixture nbd;
    for (const std::uint16_t type : {NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_TRIM, NBD_CMD_WRITE_ZEROES}) {
        REQUIRE(nbd.request(type, 1, 512, 0));
        CHECK(nbd.simple_reply() == simple_reply_hex(1));
    }
    CHECK(nbd.node.seen.empty());
}

TEST_CASE("NbdTransmission: READ of more than 32 MiB is refused, WRITE also ends the connection", "[nbd]") {
    TransmissionFixture nbd{Options{.size_bytes = 64 << 20}};
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, (32 << 20) + 1));
    CHECK(nbd.simple_reply() == simple_reply_hex(1, NBD_EINVAL));
    REQUIRE(nbd.request(NBD_CMD_READ, 2, 0, 512));
    CHECK(nbd.client->receive_hex(16 + 512).starts_with(simple_reply_hex(2)));
    REQUIRE(nbd.request(NBD_CMD_WRITE, 3, 0, (32 << 20) + 1, 0, Bytes(5000)));
    CHECK(nbd.simple_reply() == simple_reply_hex(3, NBD_EINVAL));
    CHECK(nbd.client->hung_up());
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: 32 MiB go through in one piece", "[nbd]") {
    constexpr std::uint32_t kLargest = 32 << 20;
    TransmissionFixture nbd{Options{.size_bytes = kLargest, .fd_monitor = both_monitors()}};
    Bytes data(kLargest);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<std::uint8_t>(i * 31 >> 8);
    REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 0, kLargest, 0, data));
    CHECK(nbd.simple_reply() == simple_reply_hex(1));
    CHECK((nbd.node.bytes == data));
    REQUIRE(nbd.request(NBD_CMD_READ, 2, 0, kLargest));
    CHECK(nbd.simple_reply() == simple_reply_hex(2));
    CHECK((nbd.client->receive(kLargest) == data));
}

TEST_CASE("NbdTransmission: the buffers of one connection are bounded", "[nbd]") {
    TransmissionFixture nbd{Options{.size_bytes = 64 << 20}};
    nbd.node.hold = true;
    for (std::uint64_t i = 0; i < 4; ++i)
        REQUIRE(nbd.request(NBD_CMD_READ, i, 0, 32 << 20));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 2; }));
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(nbd.node.held.size() == 2);
    nbd.node.hold = false;
    nbd.node.release();
    for (std::uint64_t i = 0; i < 4; ++i) {
        CHECK(nbd.simple_reply() == simple_reply_hex(i));
        CHECK(nbd.client->receive(32 << 20).size() == 32 << 20);
    }
}

TEST_CASE("NbdTransmission: a client that never reads stalls, and is not read from", "[nbd]") {
    TransmissionFixture nbd{Options{.size_bytes = 4 << 20, .fd_monitor = both_monitors()}};
    for (std::uint64_t i = 0; i < 40; ++i)
        REQUIRE(nbd.request(NBD_CMD_READ, i, 0, 1 << 20));
    nbd.wait_until([&] { return nbd.node.seen.size() == kNbdSlots; });
    for (int i = 0; i < 50; ++i)
        nbd.step();
    CHECK(nbd.node.seen.size() <= kNbdSlots);

    SECTION("until it reads") {
        for (std::uint64_t i = 0; i < 40; ++i) {
            CHECK(nbd.simple_reply() == simple_reply_hex(i));
            CHECK(nbd.client->receive(1 << 20).size() == 1 << 20);
        }
    }
    SECTION("until it leaves") {
        nbd.client->close();
        CHECK(nbd.wait_until([&] { return nbd.ended; }));
    }
}

TEST_CASE("NbdTransmission: writethrough makes each write durable before it is answered", "[nbd]") {
    TransmissionFixture nbd{Options{.writethrough = true}};
    REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 0, 1, 0, {1}));
    REQUIRE(nbd.request(NBD_CMD_WRITE_ZEROES, 2, 0, 512));
    REQUIRE(nbd.request(NBD_CMD_READ, 3, 0, 512));
    nbd.client->receive(32);
    REQUIRE(nbd.wait_until([&] { return nbd.node.seen.size() == 3; }));
    CHECK(nbd.node.seen[0].fua);
    CHECK(nbd.node.seen[1].fua);
    CHECK(!nbd.node.seen[2].fua);
}
