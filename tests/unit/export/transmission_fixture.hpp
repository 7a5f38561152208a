// SPDX-License-Identifier: Apache-2.0
//
// What the tests of a transmission share: an event loop on the test's own thread, a node in memory, a
// connection over a socket pair, and its client.
#pragma once

#include "daemon/export/nbd/nbd_transmission.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "protocol/qmp/event_sink.hpp"
#include "tests/unit/export/memory_node.hpp"
#include "tests/unit/export/nbd_client.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

namespace iothreadd::test {

class NoEvents final : public EventSink {
public:
    void emit(std::string_view, std::optional<Json>) override {}
};

class TransmissionFixture : public NbdTransmission::Listener {
public:
    static constexpr std::uint64_t kSize = 1 << 20;

    struct Options {
        bool structured = false;
        bool read_only = false;
        bool writethrough = false;
        std::uint64_t size_bytes = kSize;
        FdMonitorKind fd_monitor = FdMonitorKind::automatic;
    };

    TransmissionFixture() : TransmissionFixture(Options{}) {}
    explicit TransmissionFixture(const Options &options)
        : context(std::move(AioContext::create({.fd_monitor = options.fd_monitor}).value())),
          pool(*context, events),
          node(pool, options.size_bytes, options.read_only) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        server_fd.reset(ends[0]);
        ::fcntl(server_fd.get(), F_SETFL, O_NONBLOCK);
        client = std::make_unique<NbdClient>(UniqueFd{ends[1]}, [this] { step(); });
        transmission = std::make_unique<NbdTransmission>(
            NbdTransmissionSetup{server_fd.get(),
                                 node,
                                 {options.size_bytes, options.read_only, options.structured},
                                 options.writethrough},
            *this);
        transmission->start();
    }
    ~TransmissionFixture() {
        if (!ended && !drained) {
            node.hold = false;
            node.release();
            transmission->abort();
            CHECK(wait_until([&] { return ended || drained; }));
        }
    }

    void transmission_drained() override { drained = true; }
    void transmission_ended() override { ended = true; }

    void step() { context->poll(false); }
    bool wait_until(const std::function<bool()> &reached) {
        return run_until([this] { step(); }, reached);
    }

    /// A request and, for a WRITE, its payload.
    bool request(std::uint16_t type, std::uint64_t cookie, std::uint64_t offset, std::uint32_t length,
                 std::uint16_t flags = 0, const NbdClient::Bytes &payload = {}) {
        auto bytes = from_hex(request_hex(type, cookie, offset, length, flags));
        bytes.insert(bytes.end(), payload.begin(), payload.end());
        return client->send(bytes);
    }
    std::string simple_reply() { return client->receive_hex(nbd::kSimpleReplyBytes); }

    std::unique_ptr<AioContext> context;
    NoEvents events;
    IOThreadPool pool;
    MemoryNode node;
    UniqueFd server_fd;
    std::unique_ptr<NbdClient> client;
    std::unique_ptr<NbdTransmission> transmission;
    bool drained = false;
    bool ended = false;
};

} // namespace iothreadd::test
