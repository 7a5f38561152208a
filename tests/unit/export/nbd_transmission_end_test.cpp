// SPDX-License-Identifier: Apache-2.0
//
// How a transmission ends, and how it changes its AioContext.
#include "tests/unit/export/transmission_fixture.hpp"

using namespace iothreadd;
using namespace iothreadd::nbd;
using namespace iothreadd::test;

using Options = TransmissionFixture::Options;
using Bytes = NbdClient::Bytes;

TEST_CASE("NbdTransmission: DISC answers what is pending first", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 0, 2, 0, {7, 8}));
    REQUIRE(nbd.request(NBD_CMD_DISC, 2, 0, 0));
    REQUIRE(nbd.request(NBD_CMD_WRITE, 3, 0, 2, 0, {1, 2})); // too late
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    nbd.node.release();
    CHECK(nbd.simple_reply() == simple_reply_hex(1));
    CHECK(nbd.client->hung_up());
    CHECK(nbd.node.seen.size() == 1);
    CHECK(nbd.wait_until([&] { return nbd.ended; })); // though the client does not close
}

TEST_CASE("NbdTransmission: a client that stops sending still gets its answers", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_FLUSH, 1, 0, 0));
    ::shutdown(nbd.client->fd(), SHUT_WR);
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    nbd.node.release();
    CHECK(nbd.simple_reply() == simple_reply_hex(1));
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: the end of a client shows though it comes together with its last bytes",
          "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll)}};
    SECTION("in mid-header") { REQUIRE(nbd.client->send_hex("25609513")); }
    SECTION("in mid-payload") { REQUIRE(nbd.request(NBD_CMD_WRITE, 1, 0, 512, 0, {1, 2})); }
    SECTION("after a request") { REQUIRE(nbd.request(NBD_CMD_FLUSH, 1, 0, 0)); }
    ::shutdown(nbd.client->fd(), SHUT_WR);
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: a client that dies with requests in flight is waited for by nobody", "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll)}};
    nbd.node.hold = true;
    for (std::uint64_t i = 0; i < 20; ++i)
        REQUIRE(nbd.request(NBD_CMD_READ, i, 0, 4096));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == kNbdSlots; }));
    nbd.client->close();
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(!nbd.ended);
    nbd.node.hold = false;
    nbd.node.release();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: finish answers what is in flight and drops what is not complete", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512));
    REQUIRE(nbd.request(NBD_CMD_WRITE, 2, 0, 4096, 0, Bytes(100)));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    nbd.transmission->finish();
    nbd.node.release();
    CHECK(nbd.client->receive_hex(16 + 512).starts_with(simple_reply_hex(1)));
    CHECK(nbd.client->hung_up());
    nbd.client->close();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: finish does not wait for a client that never reads", "[nbd]") {
    TransmissionFixture nbd{Options{.size_bytes = 4 << 20}};
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 4 << 20));
    REQUIRE(nbd.wait_until([&] { return nbd.node.seen.size() == 1; }));
    nbd.transmission->finish();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: abort waits for the node only", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    nbd.transmission->abort();
    nbd.step();
    CHECK(!nbd.ended);
    nbd.node.release();
    CHECK(nbd.wait_until([&] { return nbd.ended; }));
}

TEST_CASE("NbdTransmission: drain waits for what is in flight, start goes on in mid-payload", "[nbd]") {
    TransmissionFixture nbd{Options{.fd_monitor = GENERATE(FdMonitorKind::io_uring, FdMonitorKind::epoll)}};
    nbd.node.hold = true;
    REQUIRE(nbd.request(NBD_CMD_READ, 1, 0, 512));
    REQUIRE(nbd.request(NBD_CMD_WRITE, 2, 0, 4, 0, {1, 2}));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == 1; }));
    nbd.transmission->drain();
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(!nbd.drained);
    nbd.node.release();
    REQUIRE(nbd.wait_until([&] { return nbd.drained; }));
    CHECK(nbd.client->receive_hex(16 + 512).starts_with(simple_reply_hex(1)));

    nbd.node.hold = false;
    REQUIRE(nbd.client->send({3, 4}));
    REQUIRE(nbd.request(NBD_CMD_FLUSH, 3, 0, 0));
    for (int i = 0; i < 10; ++i)
        nbd.step();
    CHECK(nbd.node.seen.size() == 1);
    nbd.drained = false;
    nbd.transmission->start();
    CHECK(nbd.client->receive_hex(32) == simple_reply_hex(2) + simple_reply_hex(3));
    CHECK(nbd.node.bytes[3] == 4);
}

TEST_CASE("NbdTransmission: requests that are buffered already survive a drain", "[nbd]") {
    TransmissionFixture nbd;
    nbd.node.hold = true;
    std::string requests;
    for (std::uint64_t i = 0; i < 20; ++i)
        requests += request_hex(NBD_CMD_FLUSH, i, 0, 0);
    REQUIRE(nbd.client->send_hex(requests));
    REQUIRE(nbd.wait_until([&] { return nbd.node.held.size() == kNbdSlots; }));
    nbd.transmission->drain();
    nbd.node.release();
    REQUIRE(nbd.wait_until([&] { return nbd.drained; }));
    nbd.node.hold = false;
    nbd.drained = false;
    nbd.transmission->start();
    for (std::uint64_t i = 0; i < 20; ++i)
        CHECK(nbd.simple_reply() == simple_reply_hex(i));
}

TEST_CASE("NbdTransmission: a connection that is cut while it moves ends where it arrives", "[nbd]") {
    TransmissionFixture nbd;
    nbd.transmission->drain();
    nbd.transmission->abort();
    REQUIRE(nbd.wait_until([&] { return nbd.drained || nbd.ended; }));
    if (!nbd.ended) {
        nbd.drained = false;
        nbd.transmission->start();
        CHECK(nbd.wait_until([&] { return nbd.ended; }));
    }
}
