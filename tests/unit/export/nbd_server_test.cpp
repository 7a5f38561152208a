// SPDX-License-Identifier: Apache-2.0
//
// The NBD server through its QMP commands.
#include "daemon/util/await_callback.hpp"
#include "qapi/block_export_commands.hpp"
#include "tests/unit/export/export_fixture.hpp"

#include <boost/asio/co_spawn.hpp>

using namespace iothreadd;
using namespace iothreadd::test;

using Names = std::vector<std::string>;

namespace {

/// Runs a command to its end: "" or the error.
std::string run(ExportFixture &fixture, Awaitable<Result<void>> command) {
    std::optional<Result<void>> result;
    boost::asio::co_spawn(fixture.io, std::move(command),
                          [&](const std::exception_ptr &thrown, Result<void> returned) {
                              CHECK(!thrown);
                              result = std::move(returned);
                              fixture.events.names.push_back("reply");
                          });
    REQUIRE(fixture.wait_until([&] { return result.has_value(); }));
    return *result ? "" : result->error().desc;
}

std::string start(ExportFixture &fixture, const std::string &path) {
    qapi::NbdServerStartArgs args;
    args.addr.u.emplace<1>() = {{{path}}};
    return run(fixture, qmp_nbd_server_start(fixture.qmp, args));
}

} // namespace

TEST_CASE("nbd-server: starts, tells where it is, stops", "[export]") {
    ExportFixture fixture;
    CHECK(!qmp_query_nbd_server(fixture.qmp)->running);
    REQUIRE(start(fixture, fixture.path) == "");
    CHECK(start(fixture, fixture.path) == "NBD server already running");
    const auto info = qmp_query_nbd_server(fixture.qmp);
    CHECK(info->running);
    CHECK(info->max_connections == 100);
    CHECK(info->connections == 0);
    REQUIRE(info->addresses.size() == 1);
    CHECK(std::get<1>(info->addresses[0].u).path == fixture.path);

    CHECK(run(fixture, qmp_nbd_server_stop(fixture.qmp)) == "");
    CHECK(!std::filesystem::exists(fixture.path));
    CHECK(run(fixture, qmp_nbd_server_stop(fixture.qmp)) == "NBD server not running");
    CHECK(start(fixture, fixture.path) == "");
}

TEST_CASE("nbd-server: an address that cannot be used changes nothing", "[export]") {
    ExportFixture fixture;
    const std::string path = fixture.dir / std::string(200, 'x');
    CHECK(start(fixture, path) == "UNIX socket path '" + path + "' is too long");
    CHECK(!qmp_query_nbd_server(fixture.qmp)->running);
    REQUIRE(start(fixture, fixture.path) == "");
}

TEST_CASE("nbd-server-stop: cuts off every client and deletes every export, then replies", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    fixture.add_node("f1", false);
    REQUIRE(fixture.add(fixture.options("e1", "f1")) == "");
    REQUIRE(fixture.add(fixture.options("e0", "f0")) == "");
    NbdClient busy = fixture.client("f0");
    NbdClient greeted = NbdClient::connect(fixture.path, [&] { fixture.step(); });
    CHECK(greeted.receive(18).size() == 18);
    CHECK(qmp_query_nbd_server(fixture.qmp)->connections == 2);
    fixture.events.names.clear();
    CHECK(run(fixture, qmp_nbd_server_stop(fixture.qmp)) == "");
    CHECK(busy.hung_up());
    CHECK(greeted.hung_up());
    REQUIRE(fixture.events.names.size() == 3);
    CHECK(fixture.events.names.back() == "reply");
    CHECK(fixture.exports.exports().empty());
}

TEST_CASE("block-export-del: the reply comes after the event", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    REQUIRE(qmp_block_export_add(fixture.qmp, fixture.options()).has_value());
    NbdClient client = fixture.client();
    const auto infos = qmp_query_block_exports(fixture.qmp);
    REQUIRE(infos->size() == 1);
    CHECK(infos->front().id == "e0");
    CHECK(infos->front().node_name == "f0");
    CHECK(infos->front().connections == 1);
    CHECK(!infos->front().shutting_down);

    qapi::BlockExportDelArgs args{"e0", std::nullopt};
    CHECK(run(fixture, qmp_block_export_del(fixture.qmp, args)) == "export 'e0' still in use");
    args.mode = qapi::BlockExportRemoveMode::hard;
    fixture.events.names.clear();
    CHECK(run(fixture, qmp_block_export_del(fixture.qmp, args)) == "");
    CHECK(fixture.events.names == Names{"BLOCK_EXPORT_DELETED e0", "reply"});
    CHECK(run(fixture, qmp_block_export_del(fixture.qmp, args)) == "Export 'e0' is not found");
}

TEST_CASE("nbd-server: max-connections counts clients that are served", "[export]") {
    ExportFixture fixture;
    fixture.start_server(1);
    REQUIRE(fixture.add(fixture.options()) == "");
    NbdClient first = NbdClient::connect(fixture.path, [&] { fixture.step(); });
    REQUIRE(first.send_hex("00000003" + option_hex(nbd::NBD_OPT_EXPORT_NAME, "6630")));
    CHECK(first.receive_hex(18 + 10).ends_with("0000000004000000"
                                               "000f")); // read-only, no multi-conn
    CHECK(fixture.serves(first));
    NbdClient second = NbdClient::connect(fixture.path, [&] { fixture.step(); });
    CHECK(fixture.serves(first));
    std::uint8_t byte;
    CHECK(::recv(second.fd(), &byte, 1, MSG_DONTWAIT) == -1);
    first.close();
    CHECK(second.receive(18).size() == 18);
}

TEST_CASE("ExportRegistry: shutdown lets clients have their answers", "[export]") {
    ExportFixture fixture;
    fixture.start_server();
    fixture.add_node("slow", false, 100'000'000);
    auto options = fixture.options("e0", "slow");
    options.iothread.emplace().u = std::string{"io0"};
    REQUIRE(fixture.add(options) == "");
    NbdClient client = fixture.client("slow");
    // The second request is answered without the node: then the first one is in flight.
    REQUIRE(client.send_hex(request_hex(nbd::NBD_CMD_READ, 5, 0, 4096) +
                            request_hex(nbd::NBD_CMD_READ, 6, 0, 0)));
    CHECK(client.receive_hex(16) == simple_reply_hex(6));
    bool done = false;
    fixture.exports.shutdown([&] { done = true; });
    CHECK(!std::filesystem::exists(fixture.path));
    CHECK(!done);
    CHECK(client.receive_hex(16 + 4096).starts_with(simple_reply_hex(5)));
    CHECK(client.hung_up());
    client.close();
    CHECK(fixture.wait_until([&] { return done; }));
    CHECK(fixture.events.names.back() == "BLOCK_EXPORT_DELETED e0");
}
