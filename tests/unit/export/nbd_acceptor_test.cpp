// SPDX-License-Identifier: Apache-2.0
#include "daemon/export/nbd/nbd_acceptor.hpp"
#include "daemon/util/run_alone.hpp"
#include "tests/unit/export/nbd_client.hpp"
#include "tests/unit/export/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

using namespace iothreadd;
using namespace iothreadd::nbd;
using namespace iothreadd::test;

namespace {

constexpr const char *kGreeting = "4e42444d4147494349484156454f50540003";

struct Server final : NbdAcceptor::Host, NbdDirectory {
    explicit Server(std::size_t max_connections = 0, std::chrono::seconds timeout = std::chrono::seconds{0})
        : room(max_connections) {
        qapi::SocketAddress address;
        address.u.emplace<1>() = {{path}};
        auto opening = open_nbd_listeners(address, nullptr);
        auto listeners = run_alone(std::move(opening)).value();
        acceptor = std::make_unique<NbdAcceptor>(io, *this, std::move(listeners).value(), timeout);
        acceptor->start();
    }
    ~Server() {
        bool stopped = false;
        acceptor->stop([&] { stopped = true; });
        CHECK(run_until([&] { step(); }, [&] { return stopped; }));
        CHECK(!std::filesystem::exists(path));
        CHECK(clients == 0);
    }

    void step() { io.run_one_for(std::chrono::milliseconds{1}); }
    NbdClient client() {
        return NbdClient::connect(path, [this] { step(); });
    }

    const NbdDirectory &directory() const override { return *this; }
    bool has_room() const override { return room == 0 || clients < room; }
    void handshake_begins() override { ++clients; }
    void handshake_over(UniqueFd fd, const NbdAgreement &agreement) override {
        --clients;
        if (fd)
            finished.push_back({std::move(fd), agreement});
        else
            ++failed;
        acceptor->wake();
    }
    std::vector<NbdExportInfo> list() const override { return {info}; }
    std::optional<NbdExportInfo> find(std::string_view name) const override {
        return name == info.name ? std::optional{info} : std::nullopt;
    }
    bool offers_multi_conn() const override { return true; }

    struct Finished {
        UniqueFd fd;
        NbdAgreement agreement;
    };

    TempDir dir;
    const std::string path = dir / "s";
    const NbdExportInfo info{"disk", "", 64 << 20, 1, false, 7};
    boost::asio::io_context io;
    std::size_t room;
    std::size_t clients = 0;
    int failed = 0;
    std::vector<Finished> finished;
    std::unique_ptr<NbdAcceptor> acceptor;
};

const std::string kGoDisk = option_hex(NBD_OPT_GO, "000000046469736b0000");
constexpr std::size_t kGoAnswerBytes = (20 + 14) + (20 + 12) + 20;

} // namespace

TEST_CASE("NbdAcceptor: hands over the socket with the first request still in it", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    CHECK(client.receive_hex(18) == kGreeting);
    REQUIRE(client.send_hex("00000003" + option_hex(NBD_OPT_STRUCTURED_REPLY) + kGoDisk + "25609513"));
    CHECK(client.receive(20 + kGoAnswerBytes).size() == 20 + kGoAnswerBytes);
    REQUIRE(run_until([&] { server.step(); }, [&] { return !server.finished.empty(); }));
    CHECK(server.finished[0].agreement.structured);
    CHECK(server.finished[0].agreement.info.serial == 7);
    std::uint8_t left[8];
    CHECK(::recv(server.finished[0].fd.get(), left, sizeof(left), MSG_DONTWAIT) == 4);
}

TEST_CASE("NbdAcceptor: a handshake may come byte by byte", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    client.receive(18);
    for (const std::uint8_t byte : from_hex("00000003" + kGoDisk)) {
        REQUIRE(client.send({byte}));
        server.step();
    }
    CHECK(client.receive(kGoAnswerBytes).size() == kGoAnswerBytes);
    CHECK(run_until([&] { server.step(); }, [&] { return server.finished.size() == 1; }));
}

TEST_CASE("NbdAcceptor: a slow client holds up nobody", "[nbd]") {
    Server server;
    NbdClient slow = server.client();
    NbdClient quick = server.client();
    slow.receive(18);
    quick.receive(18);
    REQUIRE(slow.send_hex("00"));
    REQUIRE(quick.send_hex("00000003" + kGoDisk));
    CHECK(run_until([&] { server.step(); }, [&] { return server.finished.size() == 1; }));
    REQUIRE(slow.send_hex("000003" + kGoDisk));
    CHECK(run_until([&] { server.step(); }, [&] { return server.finished.size() == 2; }));
}

TEST_CASE("NbdAcceptor: drops who breaks the rules of the handshake", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    client.receive(18);
    SECTION("an unknown client flag") { client.send_hex("00000007"); }
    SECTION("a wrong magic") { client.send_hex("00000003 49484156454f5055 0000000300000000"); }
    SECTION("an option of more than 32 MiB") {
        client.send_hex("00000003 49484156454f5054 0000000702000001");
    }
    SECTION("an unknown name, by an option that knows no error") {
        client.send_hex("00000003" + option_hex(NBD_OPT_EXPORT_NAME, "6e6f7065"));
    }
    CHECK(client.hung_up());
    CHECK(run_until([&] { server.step(); }, [&] { return server.failed == 1; }));
    CHECK(server.finished.empty());
}

TEST_CASE("NbdAcceptor: a client that leaves at any point leaves nothing behind", "[nbd]") {
    Server server;
    const auto whole = from_hex("00000003" + kGoDisk);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        NbdClient client = server.client();
        REQUIRE(client.send({whole.begin(), whole.begin() + static_cast<long>(bytes)}));
        client.close();
    }
    CHECK(run_until([&] { server.step(); },
                    [&] { return server.failed == static_cast<int>(whole.size()) && server.clients == 0; }));
}

TEST_CASE("NbdAcceptor: ABORT is acknowledged, data and all", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    client.receive(18);
    REQUIRE(client.send_hex("00000003" + option_hex(NBD_OPT_ABORT, std::string(2 * 10000, '0'))));
    CHECK(client.receive_hex(20) == without_blanks("0003e889045565a9 00000002 00000001 00000000"));
    CHECK(client.hung_up());
}

TEST_CASE("NbdAcceptor: the data of an unknown option is dropped, however long", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    client.receive(18);
    REQUIRE(client.send_hex("00000003 49484156454f5054 00000063 00400000"));
    REQUIRE(client.send(NbdClient::Bytes(0x400000, 0xab)));
    CHECK(client.receive_hex(16) == without_blanks("0003e889045565a9 00000063 80000001"));
}

TEST_CASE("NbdAcceptor: an unfinished handshake ends after its time", "[nbd]") {
    Server server{0, std::chrono::seconds{1}};
    NbdClient silent = server.client();
    silent.receive(18);
    CHECK(silent.hung_up());
    CHECK(run_until([&] { server.step(); }, [&] { return server.failed == 1; }));
}

TEST_CASE("NbdAcceptor: beyond the limit clients wait in the backlog", "[nbd]") {
    Server server{1};
    NbdClient first = server.client();
    first.receive(18);
    NbdClient second = server.client();
    for (int i = 0; i < 20; ++i)
        server.step();
    std::uint8_t byte;
    CHECK(::recv(second.fd(), &byte, 1, MSG_DONTWAIT) == -1);
    first.close();
    CHECK(second.receive_hex(18) == kGreeting);
}

TEST_CASE("NbdAcceptor: waits when the process is out of descriptors, and goes on", "[nbd]") {
    Server server;
    NbdClient client = server.client();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 3;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    std::uint8_t byte;
    const std::size_t handlers = server.io.poll() + server.io.poll() + server.io.poll();
    const ssize_t got = ::recv(client.fd(), &byte, 1, MSG_DONTWAIT);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(handlers < 10); // no busy loop
    CHECK(got == -1);
    CHECK(client.receive_hex(18) == kGreeting);
}
